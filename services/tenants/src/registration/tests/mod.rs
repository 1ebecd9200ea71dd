//! What the tests speak of: Acme, which the platform's own tenant manages.

mod deciding;
mod page;
mod property;
mod viewing;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, CommandId, Context, EventId, EventMeta, Timestamp, View};

use super::*;

const ACME: &str = "acme";
const MANAGER: &str = "platform";

/// A moment, in seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn about(tenant: &str, command: RegistrationCommand) -> Accepted<RegistrationCommand> {
    Accepted {
        id: tenant.parse().unwrap(),
        identity: None,
        actor: "root".parse().unwrap(),
        at: at(1_000),
        command,
    }
}

fn accepted(command: RegistrationCommand) -> Accepted<RegistrationCommand> {
    about(ACME, command)
}

fn acme(events: Vec<RegistrationEvent>) -> AggregateTestExecutor<Registration> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[RegistrationEvent]) -> Registration {
    let mut registration = Registration::default();
    for event in events {
        registration.apply(event.clone());
    }
    registration
}

fn create(title: &str) -> RegistrationCommand {
    RegistrationCommand::CreateTenant(CreateTenant {
        title: title.parse().unwrap(),
    })
}

fn suspend(reason: &str) -> RegistrationCommand {
    RegistrationCommand::SuspendTenant(SuspendTenant {
        reason: reason.parse().unwrap(),
    })
}

fn resume() -> RegistrationCommand {
    RegistrationCommand::ResumeTenant(ResumeTenant {})
}

fn created(title: &str) -> RegistrationEvent {
    RegistrationEvent::TenantCreated(TenantCreated {
        tenant_id: ACME.parse().unwrap(),
        title: title.parse().unwrap(),
    })
}

fn suspended(reason: &str) -> RegistrationEvent {
    RegistrationEvent::TenantSuspended(TenantSuspended {
        tenant_id: ACME.parse().unwrap(),
        reason: reason.parse().unwrap(),
    })
}

fn resumed() -> RegistrationEvent {
    RegistrationEvent::TenantResumed(TenantResumed {
        tenant_id: ACME.parse().unwrap(),
    })
}

fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: MANAGER.parse().unwrap(),
        aggregate: ACME.parse().unwrap(),
        sequence,
        at: at(i64::try_from(sequence).unwrap()),
        actor: "root".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}
