//! Steps to letters: each planned step is one call, and its answer the step's record.

use kernel::context::Reacted;
use kernel::effect::{Answer, Call};
use kernel::{Effect, EventMeta, Timestamp};

use crate::operation::{Operation, OperationCommand, OperationEvent, RecordStep, StopOperation};
use crate::step::Step;

/// 30 November 2026: no operation is older.
const SINCE_MS: i64 = 1_795_996_800_000;

/// Has the steps of operations done.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepsToLetters;

impl Effect for StepsToLetters {
    const NAME: &'static str = "steps-to-letters";
    const PROGRESS: &'static str = "steps_to_letters";
    const ON: &'static str = "operations";
    const OUTSIDE: &'static str = "letters";
    type To = Operation;
    type Event = OperationEvent;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "StepPlanned"
    }

    fn since(&self) -> Timestamp {
        Timestamp::from_millis(SINCE_MS)
    }

    fn calls(&self, meta: &EventMeta, event: OperationEvent) -> Vec<Call> {
        let OperationEvent::StepPlanned(planned) = event else {
            return Vec::new();
        };
        let step = Step {
            operation_id: planned.operation_id,
            tenant: meta.tenant.clone(),
            what: planned.what,
            letters: planned.letters,
            as_of: planned.as_of,
            by: planned.by,
            confirmed_by: planned.confirmed_by,
            planned: planned.planned,
        };
        let body = serde_json::to_vec(&step);
        let body = body.expect("a step is a struct of texts and numbers, which always serialises");
        vec![Call {
            operation: format!("v1/steps/{}", planned.step).into(),
            body: body.into(),
        }]
    }

    fn outcome(&self, meta: &EventMeta, call: &Call, answer: &Answer) -> Reacted<Operation> {
        let step = call.operation.rsplit('/').next();
        let step = step.and_then(|step| step.parse().ok()).unwrap_or_default();
        let stopped = |code: &str, detail: &str| {
            let (code, detail) = (code.to_owned(), detail.to_owned());
            OperationCommand::StopOperation(StopOperation { step, code, detail })
        };
        let command = match answer {
            Answer::Done(body) => match serde_json::from_slice(body) {
                Ok(stepped) => OperationCommand::RecordStep(RecordStep { step, stepped }),
                Err(error) => stopped("unreadable", &error.to_string()),
            },
            Answer::Refused { code, detail } => stopped(code, detail),
        };
        Reacted {
            tenant: meta.tenant.clone(),
            to: meta.aggregate.clone(),
            command,
        }
    }
}
