//! What holds after any sequence of commands.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// Few ids, so that conflicts and retries are common.
fn command() -> impl Strategy<Value = DecisionCommand> {
    let agent = || select(vec!["amy", "bob", "cid"]);
    let offer = select((0..12).map(|n| format!("O-{n}")).collect::<Vec<_>>());
    let code = select(vec!["NO_CAPACITY", "VERSION_CONFLICT"]);
    prop_oneof![
        2 => any::<bool>().prop_map(|other| {
            record_decision(if other { other_record() } else { record() })
        }),
        3 => (agent(), code).prop_map(|(agent, code)| lose(agent, code)),
        6 => (offer, agent()).prop_map(|(offer, agent)| record_match(&offer, agent)),
        1 => Just(give_up()),
    ]
}

fn commands() -> impl Strategy<Value = Vec<DecisionCommand>> {
    prop::collection::vec(command(), 0..40)
}

/// What happens to a decision; every command is sent twice.
fn run(commands: Vec<DecisionCommand>) -> (Decision, Vec<DecisionEvent>) {
    let (mut decision, mut log) = (Decision::default(), Vec::new());
    for command in commands {
        let accepted = accepted(command);
        let decided = decision.decide(&accepted, &());
        assert_eq!(
            decided,
            decision.decide(&accepted, &()),
            "decided a second time"
        );
        for event in decided.clone().unwrap_or_default() {
            decision.apply(event.clone());
            log.push(event);
        }
        let again = decision.decide(&accepted, &());
        assert_eq!(again, decided.map(|_| vec![]), "sent again");
    }
    (decision, log)
}

/// Commands of one match as its senders mean them, without a conflict, and the same in another order.
fn shuffled() -> impl Strategy<Value = (Vec<DecisionCommand>, Vec<DecisionCommand>)> {
    let offers = prop::collection::btree_map(0..12_u8, select(vec!["amy", "bob"]), 1..10);
    let lost = prop::collection::vec(select(vec!["amy", "bob", "cid"]), 0..4);
    let sent = (offers, lost).prop_map(|(offers, lost)| {
        let mut sent = vec![record_decision(record())];
        sent.extend(lost.into_iter().map(|agent| lose(agent, "NO_CAPACITY")));
        let matches = offers.into_iter();
        sent.extend(matches.map(|(n, agent)| record_match(&format!("O-{n}"), agent)));
        sent
    });
    sent.prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn replay_is_the_live_state_and_a_snapshot_keeps_it(commands in commands()) {
        let (decision, log) = run(commands);
        prop_assert_eq!(&folded(&log), &decision);
        prop_assert_eq!(decision.version(), log.len() as u64);
        let snapshot = serde_json::to_vec(&decision).unwrap();
        let read: Decision = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &decision);
    }

    #[test]
    fn each_is_said_once_and_an_offer_is_of_one_agent(commands in commands()) {
        let (_, log) = run(commands);
        let mut offers = BTreeMap::new();
        for (n, event) in log.iter().enumerate() {
            prop_assert!(!log[..n].contains(event), "{:?} twice", event);
            if let DecisionEvent::AgentChosen(chosen) = event {
                let before = offers.insert(&chosen.offer_id, &chosen.agent_id);
                prop_assert_eq!(before, None);
            }
        }
        prop_assert!(offers.len() <= 10);
        let is_record = |event: &&DecisionEvent| matches!(event, DecisionEvent::DecisionRecorded(_));
        prop_assert!(log.iter().filter(is_record).count() <= 1);
    }

    #[test]
    fn any_order_tells_the_same((sent, otherwise) in shuffled()) {
        prop_assert_eq!(run(sent).0, run(otherwise).0);
    }

    #[test]
    fn view_shows_the_live_state_wherever_it_was_stored(commands in commands(), cut in any::<Index>()) {
        let (decision, log) = run(commands);
        let cut = cut.index(log.len() + 1);
        let stored = serde_json::to_vec(&viewed(&log[..cut])).unwrap();
        let mut view: DecisionView = serde_json::from_slice(&stored).unwrap();
        for (sequence, event) in (cut as u64 + 1..).zip(&log[cut..]) {
            view.update(&meta(sequence), event);
        }
        prop_assert_eq!(&view, &viewed(&log));
        let Some(shown) = view.0 else {
            prop_assert_eq!(decision, Decision::default());
            return Ok(());
        };
        prop_assert_eq!(shown.version, decision.version());
        prop_assert_eq!(shown.outcome, decision.outcome());
        prop_assert_eq!(shown.record.as_deref(), decision.record());
    }
}
