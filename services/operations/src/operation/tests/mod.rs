//! What the tests speak of: Ann, who proposes, and Ben, who agrees.

mod deciding;
mod page;
mod property;
mod stepping;
mod viewing;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, Context, Identity, Subject, Timestamp};

use super::*;
use crate::step::{Counts, Left, Letters, Mending, Place, Planned, Stepped};

const ID: &str = "OP-7";
const ANN: &str = "ann";
const BEN: &str = "ben";
/// When commands are accepted, in milliseconds.
const NOW: i64 = 1_000_000;

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW + seconds * 1_000)
}

fn identity(name: &str) -> Identity {
    let (tenant, actor) = ("demo".parse().unwrap(), name.parse().unwrap());
    Identity::of(&Subject::person(tenant, actor, vec![]))
}

fn by(actor: &str, command: OperationCommand) -> Accepted<OperationCommand> {
    Accepted {
        id: ID.parse().unwrap(),
        actor: actor.parse().unwrap(),
        identity: Some(identity(actor)),
        at: after(0),
        command,
    }
}

/// Sent by the platform itself.
fn own(command: OperationCommand) -> Accepted<OperationCommand> {
    Accepted {
        identity: None,
        ..by("effect:steps-to-letters", command)
    }
}

fn operation(events: Vec<OperationEvent>) -> AggregateTestExecutor<Operation> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[OperationEvent]) -> Operation {
    let mut operation = Operation::default();
    for event in events {
        operation.apply(event.clone());
    }
    operation
}

fn alike() -> Letters {
    Letters::Fingerprint {
        context: "trades".parse().unwrap(),
        fingerprint: "00c1f4a7d2e94b63".parse().unwrap(),
    }
}

fn of_key() -> Letters {
    Letters::Key {
        context: "trades".parse().unwrap(),
        key: "demo/T-1".parse().unwrap(),
    }
}

fn proposal(what: Mending, letters: Letters) -> ProposeOperation {
    ProposeOperation {
        what,
        letters,
        reason: "the limit was raised".parse().unwrap(),
        expires_in_s: None,
    }
}

fn propose(what: Mending, letters: Letters) -> OperationCommand {
    OperationCommand::ProposeOperation(proposal(what, letters))
}

fn confirm() -> OperationCommand {
    OperationCommand::ConfirmOperation(ConfirmOperation {})
}

fn withdraw() -> OperationCommand {
    OperationCommand::WithdrawOperation(WithdrawOperation {})
}

fn expire(expires_at: Timestamp) -> OperationCommand {
    OperationCommand::ExpireOperation(ExpireOperation { expires_at })
}

fn counts(accepted: u64, left: u64) -> Counts {
    Counts {
        redriven: accepted,
        accepted,
        left,
        ..Counts::default()
    }
}

fn place(offset: i64) -> Place {
    Place {
        partition: 3,
        offset,
    }
}

/// The step's answer, with what it has found next.
fn stepped(counts: Counts, offsets: &[i64], found_all: bool) -> Stepped {
    Stepped {
        counts,
        left: vec![],
        next: Planned {
            places: offsets.iter().copied().map(place).collect(),
            after: offsets.last().copied().map(place),
            found_all,
        },
    }
}

fn record(step: u32, stepped: Stepped) -> OperationCommand {
    OperationCommand::RecordStep(RecordStep { step, stepped })
}

fn stop(step: u32) -> OperationCommand {
    OperationCommand::StopOperation(StopOperation {
        step,
        code: "unknown_letters".into(),
        detail: "there is no context trade".into(),
    })
}

fn proposed(what: Mending, letters: Letters, expires_at: Option<Timestamp>) -> OperationEvent {
    let ProposeOperation { reason, .. } = proposal(what, letters.clone());
    OperationEvent::OperationProposed(OperationProposed {
        operation_id: ID.parse().unwrap(),
        what,
        letters,
        reason,
        proposed_by: ANN.parse().unwrap(),
        proposer: Some(identity(ANN)),
        expires_at,
    })
}

/// It waits for a second person, for an hour.
fn waiting() -> Vec<OperationEvent> {
    vec![proposed(Mending::Redrive, alike(), Some(after(3_600)))]
}

fn confirmed() -> OperationEvent {
    OperationEvent::OperationConfirmed(OperationConfirmed {
        operation_id: ID.parse().unwrap(),
        confirmed_by: BEN.parse().unwrap(),
        confirmer: Some(identity(BEN)),
    })
}

fn planned(letters: Letters, confirmed: bool, step: u32, planned: Planned) -> OperationEvent {
    OperationEvent::StepPlanned(StepPlanned {
        operation_id: ID.parse().unwrap(),
        step,
        what: Mending::Redrive,
        letters,
        as_of: after(0),
        by: ANN.parse().unwrap(),
        confirmed_by: confirmed.then(|| BEN.parse().unwrap()),
        planned,
    })
}

/// It is done, as Ben has agreed.
fn running() -> Vec<OperationEvent> {
    let begun = planned(alike(), true, 0, Planned::default());
    [waiting(), vec![confirmed(), begun]].concat()
}

fn recorded(step: u32, counts: Counts) -> OperationEvent {
    OperationEvent::StepRecorded(StepRecorded {
        operation_id: ID.parse().unwrap(),
        step,
        counts,
        left: vec![],
    })
}

fn completed(counts: Counts) -> OperationEvent {
    OperationEvent::OperationCompleted(OperationCompleted {
        operation_id: ID.parse().unwrap(),
        counts,
    })
}

fn ended() -> OperationEnded {
    OperationEnded {
        operation_id: ID.parse().unwrap(),
    }
}

fn withdrawn() -> OperationEvent {
    OperationEvent::OperationWithdrawn(ended())
}

fn expired() -> OperationEvent {
    OperationEvent::OperationExpired(ended())
}

fn stopped() -> OperationEvent {
    OperationEvent::OperationStopped(OperationStopped {
        operation_id: ID.parse().unwrap(),
        code: "unknown_letters".into(),
        detail: "there is no context trade".into(),
    })
}
