//! What holds after any sequence of commands.

use kernel::LiveProjection;
use kernel::context::Folded;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::roll::Roll;

/// Few values, so that retries and rejections are common.
fn command() -> impl Strategy<Value = RegistrationCommand> {
    prop_oneof![
        select(vec!["Acme", "Acme Foods"]).prop_map(create),
        select(vec!["unpaid", "asked for"]).prop_map(suspend),
        Just(resume()),
    ]
}

fn commands() -> impl Strategy<Value = Vec<RegistrationCommand>> {
    prop::collection::vec(command(), 0..40)
}

/// What happens to a tenant; every command is sent twice.
fn run(commands: Vec<RegistrationCommand>) -> (Registration, Vec<RegistrationEvent>) {
    let (mut registration, mut log) = (Registration::default(), Vec::new());
    for command in commands {
        let accepted = accepted(command);
        let decided = registration.decide(&accepted, &());
        for event in decided.clone().unwrap_or_default() {
            registration.apply(event.clone());
            log.push(event);
        }
        let again = registration.decide(&accepted, &());
        assert_eq!(again, decided.map(|_| vec![]), "sent again");
    }
    (registration, log)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn replay_is_the_live_state_and_a_snapshot_keeps_it(commands in commands()) {
        let (registration, log) = run(commands);
        prop_assert_eq!(&folded(&log), &registration);
        let snapshot = serde_json::to_vec(&registration).unwrap();
        let read: Registration = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &registration);
    }

    /// A roll that is restored in the middle says what one says that has read all, and what the rules
    /// know.
    #[test]
    fn roll_is_the_fold_wherever_it_was_stored(commands in commands(), cut in any::<Index>()) {
        let (registration, log) = run(commands);
        let cut = cut.index(log.len() + 1);
        let (mut whole, mut first) = (Roll::default(), Roll::default());
        let events = || (1..).zip(log.iter().cloned());
        for (sequence, event) in events() {
            whole.fold(0, &meta(sequence), Folded::Event(event));
        }
        for (sequence, event) in events().take(cut) {
            first.fold(0, &meta(sequence), Folded::Event(event));
        }
        let mut second = Roll::restored(first.keep());
        for (sequence, event) in events().skip(cut) {
            second.fold(0, &meta(sequence), Folded::Event(event));
        }
        let bytes = |roll: &Roll| serde_json::to_vec(&roll.keep()).unwrap();
        prop_assert_eq!(bytes(&second), bytes(&whole));
        let entry = whole.entry(&MANAGER.parse().unwrap(), &ACME.parse().unwrap());
        let is_suspended = matches!(registration, Registration::Suspended { .. });
        prop_assert_eq!(entry.is_some(), registration != Registration::Absent);
        prop_assert_eq!(entry.is_some_and(|entry| entry.is_suspended), is_suspended);
    }
}
