//! A tenant as a query answers it: a fold of its registration's events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Registration;
use super::event::{RegistrationEvent, TenantCreated};
use super::route;
use super::summary::{RegistrationSummary, TenantState};

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RegistrationView(pub Option<RegistrationSummary>);

impl View for RegistrationView {
    type Of = Registration;
    const NAME: &'static str = "tenant";
    const VERSION: u16 = 1;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] =
        &[Parameter::of::<TenantState>("state", "those in the state")];

    /// `?state=SUSPENDED`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let state = parameters.read::<TenantState>("state")?;
        Ok(state.map(|state| -> Filter<Self> {
            Box::new(move |Self(tenant)| {
                tenant.as_ref().is_some_and(|tenant| tenant.state == state)
            })
        }))
    }

    fn update(&mut self, meta: &EventMeta, event: &RegistrationEvent) {
        if let RegistrationEvent::TenantCreated(created) = event {
            self.0 = Some(RegistrationSummary::new(meta, created));
        }
        let Some(tenant) = &mut self.0 else {
            return;
        };
        tenant.version = meta.sequence;
        tenant.updated_at = meta.at;
        match event {
            RegistrationEvent::TenantCreated(_) => {}
            RegistrationEvent::TenantSuspended(suspended) => {
                tenant.state = TenantState::Suspended;
                tenant.reason = Some(suspended.reason.clone());
            }
            RegistrationEvent::TenantResumed(_) => {
                tenant.state = TenantState::Active;
                tenant.reason = None;
            }
        }
    }
}

impl RegistrationSummary {
    fn new(meta: &EventMeta, created: &TenantCreated) -> Self {
        Self {
            tenant_id: meta.aggregate.clone(),
            title: created.title.clone(),
            state: TenantState::Active,
            reason: None,
            version: 0,
            created_at: meta.at,
            updated_at: meta.at,
        }
    }
}
