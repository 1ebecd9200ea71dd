//! What holds after any sequence of commands.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Few values, so that retries and rejections are common.
fn command() -> impl Strategy<Value = Accepted<OperationCommand>> {
    let what = select(vec![Mending::Redrive, Mending::Discard]);
    let letters = select(vec![alike(), of_key()]);
    let actor = || select(vec![ANN, BEN, "cem"]);
    let step = (
        0_u32..3,
        0_u64..3,
        prop::collection::vec(0_i64..9, 0..2),
        any::<bool>(),
    );
    prop_oneof![
        (actor(), what, letters).prop_map(|(actor, what, of)| by(actor, propose(what, of))),
        actor().prop_map(|actor| by(actor, confirm())),
        actor().prop_map(|actor| by(actor, withdraw())),
        (0_i64..4).prop_map(|hours| own(expire(after(hours * 3_600)))),
        step.prop_map(|(step, n, offsets, all)| {
            own(record(step, stepped(counts(n, 0), &offsets, all)))
        }),
        (0_u32..3).prop_map(|step| own(stop(step))),
    ]
}

fn commands() -> impl Strategy<Value = Vec<(i64, Accepted<OperationCommand>)>> {
    prop::collection::vec((0_i64..1_500, command()), 0..40)
}

/// What happens to an operation; every command of a person is sent twice.
fn run(commands: Vec<(i64, Accepted<OperationCommand>)>) -> (Operation, Vec<OperationEvent>) {
    let (mut operation, mut log) = (Operation::default(), Vec::new());
    let mut seconds = 0;
    for (step, mut accepted) in commands {
        seconds += step;
        accepted.at = after(seconds);
        let decided = operation.decide(&accepted, &());
        for event in decided.clone().unwrap_or_default() {
            operation.apply(event.clone());
            log.push(event);
        }
        let again = operation.decide(&accepted, &());
        assert_eq!(again, decided.map(|_| vec![]), "sent again");
    }
    (operation, log)
}

fn steps(log: &[OperationEvent]) -> impl Iterator<Item = &StepPlanned> {
    log.iter().filter_map(|event| match event {
        OperationEvent::StepPlanned(planned) => Some(planned),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn replay_is_the_live_state_and_a_snapshot_keeps_it(commands in commands()) {
        let (operation, log) = run(commands);
        prop_assert_eq!(&folded(&log), &operation);
        let snapshot = serde_json::to_vec(&operation).unwrap();
        let read: Operation = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &operation);
    }

    /// Whatever is sent: what needs a second person is never begun without one.
    #[test]
    fn no_step_is_planned_that_only_one_person_wants(commands in commands()) {
        let (_, log) = run(commands);
        for step in steps(&log) {
            let bulk = step.what == Mending::Discard
                || matches!(step.letters, Letters::Fingerprint { .. });
            match &step.confirmed_by {
                Some(other) => prop_assert_ne!(other, &step.by),
                None => prop_assert!(!bulk, "{:?}", step),
            }
        }
    }

    #[test]
    fn steps_are_numbered_and_recorded_once(commands in commands()) {
        let (_, log) = run(commands);
        for (n, step) in (0..).zip(steps(&log)) {
            prop_assert_eq!(step.step, n);
        }
        let mut sum = Counts::default();
        let mut seen = Vec::new();
        for event in &log {
            match event {
                OperationEvent::StepRecorded(recorded) => {
                    prop_assert!(!seen.contains(&recorded.step));
                    seen.push(recorded.step);
                    sum = sum.plus(recorded.counts);
                }
                OperationEvent::OperationCompleted(completed) => {
                    prop_assert_eq!(completed.counts, sum);
                }
                _ => {}
            }
        }
    }
}
