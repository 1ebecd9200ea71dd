//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::Context;
use kernel::route::CommandRoute;
use kernel::{Accepted, AggregateId, Facts, Tenant};
use serde::{Deserialize, Serialize};

use super::command::RegistrationCommand;
use super::event::{RegistrationEvent, TenantCreated, TenantResumed, TenantSuspended};
use super::rejection::RegistrationRejection;
use super::route;
use crate::label::Title;

/// A tenant, as the one that manages it knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registration {
    /// It may be served all the same, where the roll is not asked for.
    #[default]
    Absent,
    Active {
        title: Title,
    },
    Suspended {
        title: Title,
    },
}

type Decision = Result<Vec<RegistrationEvent>, RegistrationRejection>;

impl Context for Registration {
    const NAME: &'static str = "tenants";

    const SHAPE: u16 = 1;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    type Input = RegistrationCommand;

    fn decide(&self, accepted: &Accepted<RegistrationCommand>, _policy: &()) -> Decision {
        use RegistrationCommand as C;
        use RegistrationEvent as E;
        let tenant_id = Tenant::new(accepted.id.as_str());
        let tenant_id = tenant_id.map_err(RegistrationRejection::TenantIdInvalid)?;
        match (self, &accepted.command) {
            (Self::Absent, C::CreateTenant(create)) => Ok(vec![E::TenantCreated(TenantCreated {
                tenant_id,
                title: create.title.clone(),
            })]),
            // The same again is a retry, whatever happened since.
            (Self::Active { title } | Self::Suspended { title }, C::CreateTenant(create)) => {
                if *title == create.title {
                    Ok(vec![])
                } else {
                    Err(RegistrationRejection::IdConflict)
                }
            }
            (Self::Absent, C::SuspendTenant(_)) => {
                Err(RegistrationRejection::NotCreated("suspended"))
            }
            (Self::Active { .. }, C::SuspendTenant(suspend)) => {
                Ok(vec![E::TenantSuspended(TenantSuspended {
                    tenant_id,
                    reason: suspend.reason.clone(),
                })])
            }
            (Self::Suspended { .. }, C::SuspendTenant(_))
            | (Self::Active { .. }, C::ResumeTenant(_)) => Ok(vec![]),
            (Self::Absent, C::ResumeTenant(_)) => Err(RegistrationRejection::NotCreated("resumed")),
            (Self::Suspended { .. }, C::ResumeTenant(_)) => {
                Ok(vec![E::TenantResumed(TenantResumed { tenant_id })])
            }
        }
    }

    /// Which tenant it is about: nobody suspends the tenant that manages.
    fn facts(id: &AggregateId, _command: Option<&RegistrationCommand>) -> Facts {
        Facts {
            tenant: Some(id.as_str().into()),
            ..Facts::default()
        }
    }
}

impl Aggregate for Registration {
    const TYPE: &'static str = "registration";
    type Command = Accepted<RegistrationCommand>;
    type Event = RegistrationEvent;
    type Error = RegistrationRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), RegistrationRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: RegistrationEvent) {
        *self = match (std::mem::take(self), event) {
            (_, RegistrationEvent::TenantCreated(created)) => Self::Active {
                title: created.title,
            },
            (Self::Active { title }, RegistrationEvent::TenantSuspended(_)) => {
                Self::Suspended { title }
            }
            (Self::Suspended { title }, RegistrationEvent::TenantResumed(_)) => {
                Self::Active { title }
            }
            // No rule lets these happen.
            (same, RegistrationEvent::TenantSuspended(_) | RegistrationEvent::TenantResumed(_)) => {
                same
            }
        };
    }
}
