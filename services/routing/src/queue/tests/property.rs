//! What holds after any sequence of commands.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use super::*;

/// Few values, so that retries and rejections are common.
fn command() -> impl Strategy<Value = QueueCommand> {
    let choice = select(vec![
        json!({}),
        json!({ "cooldown_s": 5 }),
        json!({ "strategy": { "ring": 3 } }),
        json!({ "strategy": { "ring": 11 } }),
        json!({ "overflow": { "after_s": 60, "queue": "FX-VIP" } }),
    ]);
    prop_oneof![
        choice.prop_map(|json| configure(settings(json))),
        select(vec!["C-1", "C-2"]).prop_map(starve),
        select(vec!["amy", "bob"]).prop_map(serve),
    ]
}

/// Commands with the moments they are accepted at: mostly later than the one before.
fn commands() -> impl Strategy<Value = Vec<(i64, QueueCommand)>> {
    prop::collection::vec((-2_i64..10, command()), 0..40)
}

/// What happens to a queue; every command is sent twice.
fn run(commands: Vec<(i64, QueueCommand)>) -> (Queue, Vec<QueueEvent>) {
    let (mut queue, mut log) = (Queue::default(), Vec::new());
    let mut seconds = 0;
    for (step, command) in commands {
        seconds += step;
        let accepted = accepted_for(FX_VIP, after(seconds), command);
        let decided = queue.decide(&accepted, &());
        assert_eq!(
            decided,
            queue.decide(&accepted, &()),
            "decided a second time"
        );
        for event in decided.clone().unwrap_or_default() {
            queue.apply(event.clone());
            log.push(event);
        }
        let again = queue.decide(&accepted, &());
        assert_eq!(again, decided.map(|_| vec![]), "sent again");
    }
    (queue, log)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn replay_is_the_live_state_and_a_snapshot_keeps_it(commands in commands()) {
        let (queue, log) = run(commands);
        prop_assert_eq!(&folded(&log), &queue);
        prop_assert_eq!(queue.version(), log.len() as u64);
        let snapshot = serde_json::to_vec(&queue).unwrap();
        let read: Queue = serde_json::from_slice(&snapshot).unwrap();
        prop_assert_eq!(&read, &queue);
    }

    #[test]
    fn starved_and_served_alternate(commands in commands()) {
        let (queue, log) = run(commands);
        let mut starves = false;
        for event in log {
            match event {
                QueueEvent::QueueConfigured(_) => {}
                QueueEvent::QueueStarved(_) => prop_assert!(!std::mem::replace(&mut starves, true)),
                QueueEvent::QueueServed(_) => prop_assert!(std::mem::replace(&mut starves, false)),
            }
        }
        prop_assert_eq!(queue.starved_since().is_some(), starves);
    }

    #[test]
    fn view_shows_the_live_state_wherever_it_was_stored(commands in commands(), cut in any::<Index>()) {
        let (queue, log) = run(commands);
        let cut = cut.index(log.len() + 1);
        let stored = serde_json::to_vec(&viewed(&log[..cut])).unwrap();
        let mut view: QueueView = serde_json::from_slice(&stored).unwrap();
        for (sequence, event) in (cut as u64 + 1..).zip(&log[cut..]) {
            view.update(&meta(sequence), event);
        }
        prop_assert_eq!(&view, &viewed(&log));
        let Some(shown) = view.0 else {
            prop_assert_eq!(queue, Queue::default());
            return Ok(());
        };
        prop_assert_eq!(shown.version, queue.version());
        prop_assert_eq!(&shown.settings, &queue.settings());
        prop_assert_eq!(shown.starved.map(|starved| starved.since), queue.starved_since());
    }
}
