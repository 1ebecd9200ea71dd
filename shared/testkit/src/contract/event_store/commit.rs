//! Takeovers and commits.

use std::sync::Arc;

use futures::future::join_all;
use kernel::batch::{Batch, Cursor};
use kernel::id::{CommandId, Owner};
use kernel::port::{EventReader, EventStore};
use kernel::topic::PartitionId;
use uuid::Uuid;

use super::cursor;
use crate::Writer;
use crate::contract::{CONTEXTS, PARTITIONS, key_of, partition_id};

pub(super) async fn suite<S: EventStore + EventReader>(make: &impl AsyncFn() -> S) {
    takeover_of_an_empty_partition_starts_at_the_beginning(&make().await).await;
    takeover_rotates_the_owner_and_nothing_else(&make().await).await;
    commit_moves_the_cursor_with_its_rows(&make().await).await;
    batch_without_rows_moves_the_cursor(&make().await).await;
    batches_of_one_call_are_all_written(&make().await).await;
    calls_at_once_are_all_written(&make().await).await;
    batch_of_a_superseded_owner_is_left_out_and_named(&make().await).await;
    batch_committed_twice_is_refused_the_second_time(&make().await).await;
    batch_with_a_known_command_is_refused_whole(&make().await).await;
    batch_with_a_taken_position_is_refused_whole(&make().await).await;
    batch_with_a_taken_sequence_is_refused_whole(&make().await).await;
    batch_of_two_thousand_commands_is_written(&make().await).await;
}

async fn takeover_of_an_empty_partition_starts_at_the_beginning(store: &impl EventStore) {
    assert_eq!(cursor(store, partition_id(1)).await, None);
    let owner = Owner(Uuid::from_u128(7));
    let taken = store
        .take_over(partition_id(1), owner)
        .await
        .expect("taken over");
    let beginning = Cursor::start(owner);
    assert_eq!(taken, beginning);
    assert_eq!(cursor(store, partition_id(1)).await, Some(beginning));
    assert_eq!(cursor(store, partition_id(2)).await, None);
    let cursors = store.cursors(partition_id(1).context, 3).await;
    assert_eq!(cursors.expect("cursors"), [None, Some(beginning), None]);
}

async fn takeover_rotates_the_owner_and_nothing_else(store: &impl EventStore) {
    let mut first = Writer::take_over(store, partition_id(0), 1).await;
    first.accept(&key_of(0, 0), 3);
    first.repeat();
    first.commit(store).await;
    let second = Writer::take_over(store, partition_id(0), 2).await;
    let owner = Owner(Uuid::from_u128(2));
    assert_eq!(
        second.cursor(),
        Cursor {
            owner,
            ..first.cursor()
        }
    );
    assert_eq!(cursor(store, partition_id(0)).await, Some(second.cursor()));
}

async fn commit_moves_the_cursor_with_its_rows<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(3), 1).await;
    for n in 0..3 {
        writer.accept(&key_of(3, n), 2);
        writer.reject(&key_of(3, n));
        writer.repeat();
        let batch = writer.commit(store).await;
        assert_eq!(cursor(store, partition_id(3)).await, Some(batch.to));
        assert_eq!(holds(store, &batch).await, Held::Whole);
    }
}

async fn batch_without_rows_moves_the_cursor(store: &impl EventStore) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.repeat();
    writer.repeat();
    let batch = writer.commit(store).await;
    assert_eq!((batch.to.next_offset, batch.to.repeats), (2, 2));
    assert_eq!(cursor(store, partition_id(0)).await, Some(batch.to));
    assert_eq!(store.commit(&[]).await.expect("committed nothing"), []);
}

async fn batches_of_one_call_are_all_written<S: EventStore + EventReader>(store: &S) {
    let mut batches = Vec::new();
    for partition_id in all_partitions() {
        let mut writer = Writer::take_over(store, partition_id, 1).await;
        writer.accept(&key_of(partition_id.partition, 0), 2);
        batches.push(writer.seal());
    }
    assert_eq!(store.commit(&batches).await.expect("committed"), []);
    for batch in &batches {
        assert_eq!(cursor(store, batch.partition_id).await, Some(batch.to));
        assert_eq!(
            holds(store, batch).await,
            Held::Whole,
            "{}",
            batch.partition_id
        );
    }
}

async fn calls_at_once_are_all_written<S: EventStore + EventReader>(store: &S) {
    let written = join_all(all_partitions().map(async |partition_id| {
        let mut writer = Writer::take_over(store, partition_id, 1).await;
        let mut batches = Vec::new();
        for n in 0..5 {
            writer.accept(&key_of(partition_id.partition, n), 1);
            batches.push(writer.commit(store).await);
        }
        batches
    }))
    .await;
    for batch in written.iter().flatten() {
        assert_eq!(
            holds(store, batch).await,
            Held::Whole,
            "{}",
            batch.partition_id
        );
    }
}

async fn batch_of_a_superseded_owner_is_left_out_and_named<S: EventStore + EventReader>(store: &S) {
    let mut stale = Writer::take_over(store, partition_id(0), 1).await;
    stale.accept(&key_of(0, 0), 1);
    stale.commit(store).await;
    let heir = Writer::take_over(store, partition_id(0), 2).await;
    stale.accept(&key_of(0, 0), 2);
    stale.accept(&key_of(0, 1), 1);
    refused_beside_another(store, &stale.seal()).await;
    assert_eq!(cursor(store, partition_id(0)).await, Some(heir.cursor()));
}

async fn batch_committed_twice_is_refused_the_second_time<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 2);
    let batch = writer.commit(store).await;
    let again = store
        .commit(&[Arc::clone(&batch)])
        .await
        .expect("an answer");
    assert_eq!(again, [partition_id(0)]);
    assert_eq!(cursor(store, partition_id(0)).await, Some(batch.to));
    assert_eq!(holds(store, &batch).await, Held::Whole);
    let events = store.read(partition_id(0), 0, 100).await.expect("events");
    assert_eq!(events, batch.events);
}

/// A row that is there already means that the writer's memory is wrong: skipping the row would lose
/// the command's events.
async fn batch_with_a_known_command_is_refused_whole<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let known = writer.accept(&key_of(0, 0), 1);
    let before = writer.commit(store).await;
    writer.accept(&key_of(0, 1), 2);
    writer.accept(&key_of(0, 0), 1);
    writer.growing().outcomes[1].command = known;
    let batch = writer.seal();
    refused_beside_another(store, &batch).await;
    assert_eq!(cursor(store, partition_id(0)).await, Some(before.to));
    let outcomes = store
        .outcomes(partition_id(0), &[known])
        .await
        .expect("outcomes");
    assert_eq!(outcomes, before.outcomes);
}

async fn batch_with_a_taken_position_is_refused_whole<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 2);
    let before = writer.commit(store).await;
    writer.accept(&key_of(0, 1), 2);
    writer.growing().events[1].record.log_position = 2;
    refused_beside_another(store, &writer.seal()).await;
    let events = store.read(partition_id(0), 0, 100).await.expect("events");
    assert_eq!(events, before.events);
}

async fn batch_with_a_taken_sequence_is_refused_whole<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 2);
    let before = writer.commit(store).await;
    writer.accept(&key_of(0, 0), 1);
    writer.growing().events[0].sequence = 2;
    refused_beside_another(store, &writer.seal()).await;
    let events = store.read(partition_id(0), 0, 100).await.expect("events");
    assert_eq!(events, before.events);
}

async fn batch_of_two_thousand_commands_is_written<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    let keys: Vec<_> = (0..100).map(|n| key_of(2, n)).collect();
    for key in keys.iter().cycle().take(2_000) {
        writer.accept(key, 1);
    }
    let batch = writer.commit(store).await;
    assert!(
        holds(store, &batch).await == Held::Whole,
        "a row is missing"
    );
}

/// Commits the batch together with one of another partition: that one is written, and of the batch
/// nothing is.
async fn refused_beside_another<S: EventStore + EventReader>(store: &S, refused: &Arc<Batch>) {
    let elsewhere = PartitionId {
        context: CONTEXTS[1],
        partition: refused.partition_id.partition,
    };
    let mut other = Writer::take_over(store, elsewhere, 1).await;
    other.accept(&key_of(elsewhere.partition, 0), 1);
    let kept = other.seal();
    let batches = [Arc::clone(refused), Arc::clone(&kept)];
    assert_eq!(
        store.commit(&batches).await.expect("committed"),
        [refused.partition_id]
    );
    assert_eq!(holds(store, &kept).await, Held::Whole, "the other batch");
    assert_eq!(cursor(store, elsewhere).await, Some(kept.to));
    assert_eq!(
        holds(store, refused).await,
        Held::Nothing,
        "the refused batch"
    );
}

/// How much of a batch a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Whole,
    Part,
    Nothing,
}

async fn holds(store: &impl EventReader, batch: &Batch) -> Held {
    let after = batch.from.next_log_position - 1;
    let events = store
        .read(batch.partition_id, after, batch.events.len())
        .await
        .expect("events");
    let ids: Vec<CommandId> = batch.outcomes.iter().map(|row| row.command).collect();
    let mut outcomes = store
        .outcomes(batch.partition_id, &ids)
        .await
        .expect("outcomes");
    let mut expected = batch.outcomes.clone();
    outcomes.sort_by_key(|row| row.command);
    expected.sort_by_key(|row| row.command);
    if events == batch.events && outcomes == expected {
        return Held::Whole;
    }
    let any_event = batch.events.iter().any(|row| events.contains(row));
    let any_outcome = expected.iter().any(|row| outcomes.contains(row));
    if any_event || any_outcome {
        Held::Part
    } else {
        Held::Nothing
    }
}

fn all_partitions() -> impl Iterator<Item = PartitionId> {
    CONTEXTS.into_iter().flat_map(|context| {
        (0..PARTITIONS).map(move |partition| PartitionId { context, partition })
    })
}
