use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::{Scene, at, number, ratio};

/// Work with a cost, from a second until before another.
type Work = (u64, i64, i64);

/// An agent who is available from `on` until before `off` and works on what there is.
fn tell(on: i64, off: i64, works: &[Work]) -> Scene {
    let mut moments = vec![];
    let chosen = |presence: &str| json!({ "presence": presence });
    moments.push((on, "PresenceChanged", chosen("available")));
    moments.push((off, "PresenceChanged", chosen("away")));
    for (n, (cost, from, to)) in works.iter().enumerate() {
        let slot = json!({ "conversation_id": format!("C{n}"), "cost": cost });
        moments.push((*from, "SlotReserved", slot.clone()));
        moments.push((*from, "SlotActivated", slot.clone()));
        moments.push((*to, "SlotReleased", slot));
    }
    moments.sort_by_key(|(second, ..)| *second);
    let mut scene = Scene::default();
    let session = json!({ "session_id": "web", "channels": ["chat"] });
    scene
        .does(
            "amy",
            0,
            "CapacityChanged",
            json!({ "channels": { "chat": 4 } }),
        )
        .does("amy", 0, "SessionStarted", session)
        .does("amy", 0, "PresenceChanged", chosen("away"));
    for (second, kind, data) in moments {
        scene.does("amy", second, kind, data);
    }
    scene
}

/// Seconds of a quarter of an hour, each looked at: busy, idle, handled, handled by cost, routable.
fn recount(quarter: i64, on: i64, off: i64, works: &[Work]) -> [u64; 5] {
    let mut sums = [0; 5];
    for second in quarter * 900..(quarter + 1) * 900 {
        let here = |work: &&Work| (work.1..work.2).contains(&second);
        let handled = works.iter().filter(here).count();
        let cost: u64 = works.iter().filter(here).map(|work| work.0).sum();
        let routable = (on..off).contains(&second);
        let handled = u64::try_from(handled).unwrap();
        sums[0] += u64::from(handled > 0);
        sums[1] += u64::from(handled == 0 && routable);
        sums[2] += handled;
        sums[3] += cost;
        sums[4] += u64::from(routable);
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hours_are_what_a_look_at_every_second_comes_to(
        on in 0_i64..2_000,
        length in 1_i64..2_000,
        works in vec((1_u64..4, 0_i64..3_000, 1_i64..900), 0..8),
    ) {
        let works: Vec<Work> = works.iter().map(|(cost, from, length)| (*cost, *from, from + length)).collect();
        let off = on + length;
        let rows = tell(on, off, &works).rows("interval=15m", 4_500);
        prop_assert_eq!(rows.len(), 5);
        for (row, quarter) in rows.iter().zip(0..) {
            let agents = &row["agents"];
            let (cost, capacity) = ratio(&agents["occupancy_by_capacity"]);
            let counted = [
                number(&agents["busy_ms"]),
                number(&agents["idle_ms"]),
                number(&agents["handle_ms"]),
                cost,
                number(&agents["routable_ms"]),
            ];
            let expected = recount(quarter, on, off, &works).map(|seconds| seconds * 1_000);
            prop_assert_eq!(counted, expected);
            prop_assert_eq!(capacity, 4 * counted[4]);
            prop_assert_eq!(number(&agents["logged_in_ms"]), 900_000);
        }
    }
}

/// Who served `fx` in each second, by the moves as one would write them down.
fn served(moves: &[(i64, usize)], second: i64) -> bool {
    let last = moves.iter().rev().find(|(since, _)| *since <= second);
    last.is_some_and(|(_, place)| PLACES[*place].contains(&"fx"))
}

const PLACES: [&[&str]; 4] = [&[], &["fx"], &["vip"], &["vip", "fx"]];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn queue_has_the_time_of_its_agents_second_by_second(
        moves in vec((1_i64..700, 0_usize..4), 1..8),
        later in vec(0_usize..4, 0..3),
    ) {
        let moves: Vec<_> = moves.iter().scan(0, |second, (pause, place)| {
            *second += pause;
            Some((*second, *place))
        }).collect();
        let mut scene = Scene::default();
        let session = json!({ "session_id": "web", "channels": ["chat"] });
        scene
            .does("amy", 0, "SessionStarted", session)
            .does("amy", 0, "PresenceChanged", json!({ "presence": "away" }));
        for (second, place) in &moves {
            scene.does("amy", *second, "QueuesChanged", json!({ "queues": PLACES[*place] }));
        }
        let until = 6_300;
        // Her later queues change nothing.
        for place in later {
            scene.does("amy", until, "QueuesChanged", json!({ "queues": PLACES[place] }));
        }
        let rows = scene.rows("queue=fx&interval=15m", until);
        for quarter in 0..until / 900 {
            let row = rows.iter().find(|row| row["from"] == json!(at(quarter * 900)));
            let counted = row.map_or(0, |row| number(&row["agents"]["logged_in_ms"]));
            let seconds = (quarter * 900..(quarter + 1) * 900).filter(|second| served(&moves, *second));
            prop_assert_eq!(counted, seconds.count() as u64 * 1_000);
        }
    }
}
