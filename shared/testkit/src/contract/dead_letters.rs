//! What every store of dead letters does, whatever it is made of.

use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::id::CommandId;
use kernel::port::{DeadLetterState, DeadLetters, EventStore, StoredDeadLetter};
use kernel::time::Timestamp;
use kernel::topic::PartitionId;

use uuid::Uuid;

use super::{CONTEXTS, partition_id};
use crate::Writer;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn dead_letters<S: EventStore + DeadLetters>(make: impl AsyncFn() -> S) {
    letter_comes_back_as_it_was_parked(&make().await).await;
    list_pages_through_a_partition_in_offset_order(&make().await).await;
    parked_keys_are_those_of_parked_letters_once_each(&make().await).await;
    key_of_a_letter_that_proves_nothing_is_not_parked(&make().await).await;
    letter_is_found_by_its_command(&make().await).await;
    mark_moves_a_letter_only_from_the_state_it_is_in(&make().await).await;
    letter_of_a_refused_batch_is_not_there(&make().await).await;
    letters_that_are_set_aside_leave_their_places_free(&make().await).await;
}

async fn letter_comes_back_as_it_was_parked<S: EventStore + DeadLetters>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let mut parked = Vec::new();
    for reason in DeadReason::ALL {
        parked.push(writer.park(|offset| DeadLetter {
            reason,
            ..letter(offset, Some("demo/a"))
        }));
    }
    let header = |name: &str, value: &'static [u8]| (name.to_owned(), Bytes::from_static(value));
    parked.push(writer.park(|offset| DeadLetter {
        key: None,
        value: None,
        headers: vec![
            header("same", b"1"),
            header("same", &[0, 255]),
            header("", b""),
        ],
        detail: String::new(),
        ..letter(offset, None)
    }));
    parked.push(writer.park(|offset| DeadLetter {
        key: Some(Bytes::from_static(&[0, 159, 255])),
        value: Some(Bytes::new()),
        ..letter(offset, None)
    }));
    writer.commit(store).await;
    let expected: Vec<_> = parked
        .into_iter()
        .map(|letter| StoredDeadLetter {
            partition_id: partition_id(0),
            state: DeadLetterState::Parked,
            letter,
        })
        .collect();
    assert_eq!(list(store, partition_id(0), None, 100).await, expected);
}

async fn list_pages_through_a_partition_in_offset_order<S: EventStore + DeadLetters>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    for n in 0..5 {
        writer.accept("demo/a", n);
        writer.park(|offset| letter(offset, Some("demo/b")));
    }
    writer.commit(store).await;
    let offsets = async |after, max| -> Vec<i64> {
        let page = list(store, partition_id(2), after, max).await;
        page.iter().map(|stored| stored.letter.offset).collect()
    };
    assert_eq!(offsets(None, 2).await, [1, 3]);
    assert_eq!(offsets(Some(3), 2).await, [5, 7]);
    assert_eq!(offsets(Some(4), 9).await, [5, 7, 9]);
    assert!(offsets(Some(9), 9).await.is_empty());
    for elsewhere in [
        partition_id(1),
        PartitionId {
            context: CONTEXTS[1],
            partition: 2,
        },
    ] {
        assert_eq!(list(store, elsewhere, None, 9).await, []);
    }
}

async fn parked_keys_are_those_of_parked_letters_once_each<S>(store: &S)
where
    S: EventStore + DeadLetters,
{
    use DeadLetterState::{Discarded, Parked, Redriven};
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    for key in [
        Some("demo/a"),
        Some("demo/b"),
        Some("demo/a"),
        None,
        Some("demo/c"),
    ] {
        writer.park(|offset| blocking(offset, key));
    }
    writer.commit(store).await;
    assert_eq!(keys(store).await, ["demo/a", "demo/b", "demo/c"]);
    assert!(mark(store, 1, Parked, Redriven).await);
    assert!(mark(store, 4, Parked, Discarded).await);
    assert!(mark(store, 0, Parked, Redriven).await);
    assert_eq!(
        keys(store).await,
        ["demo/a"],
        "one of its letters is still parked"
    );
    assert!(mark(store, 1, Redriven, Parked).await);
    assert_eq!(keys(store).await, ["demo/a", "demo/b"]);
}

async fn key_of_a_letter_that_proves_nothing_is_not_parked<S>(store: &S)
where
    S: EventStore + DeadLetters,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    for reason in DeadReason::ALL {
        let key = format!("demo/{}", reason.as_str());
        writer.park(|offset| DeadLetter {
            reason,
            ..letter(offset, Some(&key))
        });
    }
    writer.commit(store).await;
    let blocked = ["demo/behind_parked", "demo/panicked", "demo/too_large"];
    assert_eq!(keys(store).await, blocked);
}

async fn letter_is_found_by_its_command<S: EventStore + DeadLetters>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.park(|offset| letter(offset, Some("demo/a")));
    let first = writer.park(|offset| blocking(offset, Some("demo/a")));
    let again = writer.park(|offset| DeadLetter {
        command: first.command,
        logged_at: first.logged_at.plus_millis(1),
        ..blocking(offset, Some("demo/a"))
    });
    let other = writer.park(|offset| blocking(offset, Some("demo/b")));
    writer.commit(store).await;
    let found = async |contexts: &[&'static str], ids| -> Vec<DeadLetter> {
        let found = DeadLetters::find(store, contexts, ids).await;
        let letters = found.expect("an answer").into_iter();
        letters.map(|stored| stored.letter).collect()
    };
    let id = |letter: &DeadLetter| letter.command.expect("is named");
    let (one, two) = (id(&first), id(&other));
    assert_eq!(
        found(&CONTEXTS, one..=one).await,
        [again.clone(), first.clone()],
        "the last comes first"
    );
    assert_eq!(found(&CONTEXTS, one..=two).await.len(), 3);
    assert_eq!(found(&CONTEXTS[1..], one..=one).await, []);
}

async fn mark_moves_a_letter_only_from_the_state_it_is_in<S>(store: &S)
where
    S: EventStore + DeadLetters,
{
    use DeadLetterState::{Discarded, Parked, Redriven};
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.park(|offset| letter(offset, Some("demo/a")));
    writer.commit(store).await;
    assert!(!mark(store, 0, Redriven, Discarded).await);
    let (one, other) = tokio::join!(
        mark(store, 0, Parked, Redriven),
        mark(store, 0, Parked, Redriven)
    );
    assert!(one != other, "exactly one of two that race succeeds");
    assert!(!mark(store, 0, Parked, Discarded).await);
    assert!(
        !mark(store, 1, Parked, Redriven).await,
        "there is no such letter"
    );
    let [stored] = &list(store, partition_id(0), None, 9).await[..] else {
        unreachable!("one letter was parked")
    };
    assert_eq!(stored.state, Redriven);
}

async fn letter_of_a_refused_batch_is_not_there<S: EventStore + DeadLetters>(store: &S) {
    let mut stale = Writer::take_over(store, partition_id(0), 1).await;
    Writer::take_over(store, partition_id(0), 2).await;
    stale.park(|offset| letter(offset, Some("demo/a")));
    let refused = store.commit(&[stale.seal()]).await.expect("an answer");
    assert_eq!(refused, [partition_id(0)]);
    assert_eq!(list(store, partition_id(0), None, 9).await, []);
    assert_eq!(keys(store).await, Vec::<String>::new());
}

async fn letters_that_are_set_aside_leave_their_places_free<S>(store: &S)
where
    S: EventStore + DeadLetters,
{
    use DeadLetterState::{Discarded, Parked};
    let mut expected = Vec::new();
    for (epoch, by) in [(1, 2), (2, 3)] {
        let mut writer = Writer::take_over(store, partition_id(0), epoch).await;
        writer.growing().to.next_offset = 0;
        for key in ["demo/a", "demo/b"] {
            writer.park(|offset| blocking(offset, Some(key)));
        }
        writer.commit(store).await;
        assert!(mark(store, 0, Parked, Discarded).await);
        store
            .set_aside(partition_id(0), by)
            .await
            .expect("set aside");
        expected.iter_mut().for_each(|offset| *offset -= by);
        expected.extend([-by, 1 - by]);
    }
    let found = list(store, partition_id(0), None, 9).await;
    let offsets: Vec<_> = found.iter().map(|stored| stored.letter.offset).collect();
    assert_eq!(offsets, expected);
    let discarded = |stored: &&StoredDeadLetter| stored.state == Discarded;
    assert_eq!(found.iter().filter(discarded).count(), 2);
    assert_eq!(keys(store).await, ["demo/b"]);
    assert!(mark(store, -2, Parked, Discarded).await);
    assert_eq!(list(store, partition_id(1), None, 9).await, []);
}

fn letter(offset: i64, key: Option<&str>) -> DeadLetter {
    DeadLetter {
        offset,
        key: key.map(|key| Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::from_static(b"\0not json\xff")),
        headers: vec![("traceparent".to_owned(), Bytes::from_static(b"00-1-2-01"))],
        logged_at: Timestamp::from_micros(1_381_132_800_688_001),
        reason: DeadReason::Undecodable,
        detail: "expected `{` in Zürich 🦀".to_owned(),
        command: None,
    }
}

/// One of a reason that blocks its key.
fn blocking(offset: i64, key: Option<&str>) -> DeadLetter {
    DeadLetter {
        reason: DeadReason::Panicked,
        command: Some(CommandId(Uuid::from_u128(offset.cast_unsigned().into()))),
        ..letter(offset, key)
    }
}

async fn list(
    store: &impl DeadLetters,
    partition_id: PartitionId,
    after: Option<i64>,
    max: usize,
) -> Vec<StoredDeadLetter> {
    store.list(partition_id, after, max).await.expect("letters")
}

async fn keys(store: &impl DeadLetters) -> Vec<String> {
    let keys = store.parked_keys(partition_id(0)).await.expect("keys");
    let text = |key: &Bytes| String::from_utf8_lossy(key).into_owned();
    let mut keys: Vec<_> = keys.iter().map(text).collect();
    keys.sort_unstable();
    keys
}

async fn mark(
    store: &impl DeadLetters,
    offset: i64,
    from: DeadLetterState,
    to: DeadLetterState,
) -> bool {
    store
        .mark(partition_id(0), offset, from, to)
        .await
        .expect("an answer")
}
