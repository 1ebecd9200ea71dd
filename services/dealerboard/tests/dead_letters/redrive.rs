//! Another try: in key order, under the same ids, once.

use std::sync::Arc;

use kernel::port::Ids;
use kernel::topic::{PartitionId, partition_of};
use pipeline::{Redriver, Responsible};
use uuid::Uuid;

use crate::desk::Desk;
use crate::record::{booking, fill, padded, signed};

/// `processor.value_bytes_max`, and a record that only the larger one admits.
const LIMIT: (&str, &str) = ("DEALERBOARD__PROCESSOR__VALUE_BYTES_MAX", "2000");
const PADDED: usize = 4_000;

const EVENTS: &str = "SELECT group_concat(kind, ' ') FROM (
    SELECT json_extract(e.record, '$.type') AS kind
      FROM event e JOIN stream s USING (context, partition, stream)
     WHERE s.key = 'demo/T-1' ORDER BY e.sequence)";
const STATES: &str = "SELECT group_concat(state || ':' || reason, ' ') FROM (
    SELECT state, reason FROM dead_letter WHERE context = 'trades' ORDER BY \"offset\")";
/// Redrives the trade that is too large.
const REDRIVE: [&str; 8] = [
    "dead-letters",
    "redrive",
    "--context",
    "trades",
    "--key",
    "demo/T-1",
    "--by",
    "alice",
];

/// A booking that is too large, its fill parked behind it, and another key that does not notice.
async fn desk() -> Desk {
    let desk = Desk::new();
    let records = vec![
        padded(1, "T-1", PADDED),
        fill(2, "T-1"),
        booking(3, "T-2"),
        fill(4, "T-2"),
    ];
    desk.append(records).await;
    desk.work_with(&[LIMIT]).await;
    assert_eq!(states(&desk), "parked:too_large parked:behind_parked");
    desk
}

fn states(desk: &Desk) -> String {
    desk.ask(STATES).unwrap()
}

#[tokio::test]
async fn redrive_changes_nothing_when_it_is_not_confirmed() {
    let desk = desk().await;
    let text = desk.run(&REDRIVE);
    assert!(text.contains("2 letters would be redriven"), "{text}");
    assert_eq!(states(&desk), "parked:too_large parked:behind_parked");
}

#[tokio::test]
async fn follower_stays_behind_its_poison_when_the_redrive_meets_it_again() {
    let desk = desk().await;
    desk.run(&[&REDRIVE[..], &["--yes"]].concat());
    desk.work_with(&[LIMIT]).await;
    assert_eq!(
        states(&desk),
        "redriven:too_large redriven:behind_parked parked:too_large parked:behind_parked"
    );
    // Had the fill overtaken the booking, its rejection would be permanent.
    let outcomes = "SELECT count(*) FROM outcome WHERE context = 'trades'";
    assert_eq!(desk.ask::<i64>(outcomes), Some(2));
    desk.run(&["verify"]);
}

#[tokio::test]
async fn redriven_commands_take_effect_once_when_two_people_redrive_them() {
    let desk = desk().await;
    let file = Arc::new(desk.open());
    let redriver = Redriver {
        letters: Arc::clone(&file) as _,
        command_log: Arc::clone(&file) as _,
        ids: Arc::new(RandomIds),
    };
    let partition = partition_of(b"demo/T-1", 4);
    let partition_id = PartitionId {
        context: "trades",
        partition,
    };
    let letters = redriver.parked(partition_id, &|_| true).await.unwrap();
    assert_eq!(letters.len(), 2);
    let by = |name: &str| Responsible {
        by: name.parse().unwrap(),
        approved_by: None,
    };
    let (alice, bob) = (by("alice"), by("bob"));
    let (first, second) = tokio::join!(
        redriver.redrive(letters.clone(), &alice),
        redriver.redrive(letters, &bob)
    );
    assert_eq!(
        first.unwrap().sent.len() + second.unwrap().sent.len(),
        2,
        "each letter is settled once"
    );
    drop((redriver, file));
    desk.append(vec![fill(9, "T-2")]).await;
    desk.work().await;

    assert_eq!(
        desk.ask::<String>(EVENTS).unwrap(),
        "TradeBooked FillRecorded"
    );
    assert_eq!(states(&desk), "redriven:too_large redriven:behind_parked");
    let repeats = "SELECT sum(repeats) FROM cursor WHERE context = 'trades'";
    assert_eq!(desk.ask::<i64>(repeats), Some(2));
    let verified = desk.run(&["verify"]);
    assert!(verified.contains("all invariants hold"), "{verified}");
}

#[tokio::test]
async fn key_is_free_again_when_its_letters_are_settled() {
    let desk = desk().await;
    desk.run(&[&REDRIVE[..], &["--yes"]].concat());
    desk.append(vec![padded(1, "T-1", PADDED), fill(5, "T-2")])
        .await;
    desk.work().await;
    assert_eq!(
        desk.ask::<String>(EVENTS).unwrap(),
        "TradeBooked FillRecorded"
    );
    assert_eq!(states(&desk), "redriven:too_large redriven:behind_parked");
}

#[tokio::test]
async fn letter_does_not_overtake_an_earlier_one_of_its_key() {
    let desk = desk().await;
    let partition = partition_of(b"demo/T-1", 4);
    let behind = "SELECT \"offset\" FROM dead_letter WHERE reason = 'behind_parked'";
    let first = "SELECT \"offset\" FROM dead_letter WHERE reason = 'too_large'";
    let place = |select| format!("trades/{partition}/{}", desk.ask::<i64>(select).unwrap());
    let redrive = [
        "dead-letters",
        "redrive",
        &place(behind),
        "--by",
        "alice",
        "--yes",
    ];
    let text = desk.fails(2, &redrive);
    assert!(
        text.contains("is parked before it under the same key"),
        "{text}"
    );

    desk.run(&["dead-letters", "discard", &place(first), "--yes"]);
    desk.run(&redrive);
    desk.work().await;
    assert_eq!(states(&desk), "discarded:too_large redriven:behind_parked");
    desk.run(&["verify"]);
}

#[tokio::test]
async fn bulk_redrive_needs_a_second_person() {
    let desk = desk().await;
    let all = ["dead-letters", "redrive", "--all", "--by", "alice", "--yes"];
    desk.fails(2, &all);
    desk.fails(2, &[&all[..], &["--approved-by", "alice"]].concat());
    assert_eq!(states(&desk), "parked:too_large parked:behind_parked");
    desk.run(&[&all[..], &["--approved-by", "bob"]].concat());
    assert_eq!(states(&desk), "redriven:too_large redriven:behind_parked");
}

#[tokio::test]
async fn letter_marked_redriven_without_a_copy_is_found() {
    let desk = Desk::with(vec![signed("P-1", b"nonsense")]).await;
    desk.tamper("UPDATE dead_letter SET state = 'redriven'");
    let text = desk.fails(1, &["verify"]);
    assert!(text.contains("no copy of it is in the log"), "{text}");
}

struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the source of ids of this test")]
    fn ordered(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(clippy::disallowed_methods, reason = "the source of ids of this test")]
    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }
}
