//! What holds after any sequence of commands.

use kernel::context::Folded;
use kernel::{LiveProjection, Subject};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;
use crate::directory::Directory;

/// Few values, so that retries and rejections are common.
fn command() -> impl Strategy<Value = MemberCommand> {
    let roles = || subsequence(vec!["risk", "sales", "trader"], 0..3);
    let books = subsequence(vec!["FX", "EQ"], 0..2);
    prop_oneof![
        roles().prop_map(|roles| grant(&roles)),
        roles().prop_map(|roles| withdraw(&roles)),
        (books, -1_i64..3).prop_map(|(books, ceiling)| limit(&books, ceiling)),
        prop::option::of(-9_i64..9).prop_map(|at| revoke(at.map(after))),
    ]
}

/// Commands, by whom, and the seconds between them.
fn commands() -> impl Strategy<Value = Vec<(i64, &'static str, MemberCommand)>> {
    prop::collection::vec((-2_i64..5, select(vec!["root", DAN]), command()), 0..40)
}

/// What happens to a member; every command is sent twice.
fn run(commands: Vec<(i64, &'static str, MemberCommand)>) -> (Member, Vec<MemberEvent>) {
    let (mut member, mut log) = (Member::default(), Vec::new());
    let mut seconds = 0;
    for (step, actor, command) in commands {
        seconds += step;
        let mut accepted = by(actor, command);
        accepted.at = after(seconds);
        let decided = member.decide(&accepted, &());
        for event in decided.clone().unwrap_or_default() {
            member.apply(event.clone());
            log.push(event);
        }
        let again = member.decide(&accepted, &());
        assert_eq!(again, decided.map(|_| vec![]), "sent again");
    }
    (member, log)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn replay_is_the_live_state_and_a_snapshot_keeps_it(commands in commands()) {
        let (member, log) = run(commands);
        prop_assert_eq!(&folded(&log), &member);
        let snapshot = serde_json::to_vec(&member).unwrap();
        let read: Member = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &member);
    }

    #[test]
    fn what_was_revoked_stays_revoked(commands in commands()) {
        let (_, log) = run(commands);
        let mut last = None;
        for event in log {
            if let MemberEvent::TokensRevoked(revoked) = event {
                prop_assert!(Some(revoked.issued_before) > last);
                last = Some(revoked.issued_before);
            }
        }
    }

    /// A directory that is restored in the middle says what one says that has read all.
    #[test]
    fn directory_is_the_fold_wherever_it_was_stored(commands in commands(), cut in any::<Index>()) {
        let (_, log) = run(commands);
        let cut = cut.index(log.len() + 1);
        let (mut whole, mut first) = (Directory::default(), Directory::default());
        let events = || (1..).zip(log.iter().cloned());
        for (sequence, event) in events() {
            whole.fold(0, &meta(sequence), Folded::Event(event));
        }
        for (sequence, event) in events().take(cut) {
            first.fold(0, &meta(sequence), Folded::Event(event));
        }
        let mut second = Directory::restored(first.keep());
        for (sequence, event) in events().skip(cut) {
            second.fold(0, &meta(sequence), Folded::Event(event));
        }
        let bytes = |directory: &Directory| serde_json::to_vec(&directory.keep()).unwrap();
        prop_assert_eq!(bytes(&second), bytes(&whole));
        let dan = Subject::person("demo".parse().unwrap(), DAN.parse().unwrap(), vec![]);
        prop_assert_eq!(whole.known(&dan.tenant, &dan.actor).is_some(), !log.is_empty());
    }
}
