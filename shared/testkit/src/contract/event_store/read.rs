//! Streams, outcomes and events.

use std::sync::Arc;

use kernel::batch::{Batch, EventRow, Outcome, OutcomeRow};
use kernel::id::CommandId;
use kernel::port::{EventReader, EventStore, KnownCommand, LoadedStream, WHOLE};
use kernel::topic::PartitionId;
use uuid::Uuid;

use crate::Writer;
use crate::contract::{CONTEXTS, key_of, partition_id};

pub(super) async fn suite<S: EventStore + EventReader>(make: &impl AsyncFn() -> S) {
    empty_store_knows_nothing(&make().await).await;
    load_gives_each_stream_that_exists_whole_and_in_order(&make().await).await;
    load_refuses_a_stream_with_a_hole(&make().await).await;
    load_reads_no_further_than_asked(&make().await).await;
    outcomes_come_back_as_they_were_given(&make().await).await;
    find_looks_into_every_partition_of_the_contexts(&make().await).await;
    find_gives_all_commands_of_a_range_and_no_other(&make().await).await;
    read_pages_through_the_events_in_order(&make().await).await;
    scan_pages_through_the_outcomes_in_id_order(&make().await).await;
    heads_are_the_last_positions(&make().await).await;
    partitions_do_not_mix(&make().await).await;
}

async fn empty_store_knows_nothing(store: &impl EventReader) {
    let id = CommandId(Uuid::from_u128(1));
    assert_eq!(
        store
            .load(partition_id(0), &[key_of(0, 0).into()], WHOLE)
            .await
            .expect("streams"),
        []
    );
    assert_eq!(
        store
            .load(partition_id(0), &[], WHOLE)
            .await
            .expect("streams"),
        []
    );
    assert_eq!(
        store
            .outcomes(partition_id(0), &[id])
            .await
            .expect("outcomes"),
        []
    );
    assert_eq!(store.find(&CONTEXTS, id..=id).await.expect("an answer"), []);
    assert_eq!(
        store.read(partition_id(0), 0, 10).await.expect("events"),
        []
    );
    assert_eq!(
        store
            .scan_outcomes(partition_id(0), None, 10)
            .await
            .expect("outcomes"),
        []
    );
}

async fn load_gives_each_stream_that_exists_whole_and_in_order<S>(store: &S)
where
    S: EventStore + EventReader,
{
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    let keys: Vec<Arc<str>> = (0..4).map(|n| key_of(1, n).into()).collect();
    let mut rows = Vec::new();
    for round in 0..3 {
        for key in &keys[..3] {
            writer.accept(key, 2 + round);
        }
        writer.reject(&keys[3]);
        rows.extend(writer.commit(store).await.events.iter().cloned());
    }
    let asked = [&keys[2], &keys[3], &keys[0]].map(Arc::clone);
    let mut loaded = store
        .load(partition_id(1), &asked, WHOLE)
        .await
        .expect("streams");
    let mut expected = vec![stream_of(&keys[0], &rows), stream_of(&keys[2], &rows)];
    loaded.sort_by_key(|stream| stream.stream);
    expected.sort_by_key(|stream| stream.stream);
    assert_eq!(loaded, expected);
    assert_eq!(loaded[0].events.len(), 2 + 3 + 4);
}

async fn load_refuses_a_stream_with_a_hole<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let keys: [Arc<str>; 2] = [key_of(0, 0).into(), key_of(0, 1).into()];
    writer.accept(&keys[0], 3);
    writer.accept(&keys[1], 1);
    writer.growing().events[2].sequence = 4;
    writer.commit(store).await;
    assert!(
        store.load(partition_id(0), &keys, WHOLE).await.is_err(),
        "the hole was not noticed"
    );
    let whole = store
        .load(partition_id(0), &keys[1..], WHOLE)
        .await
        .expect("a stream");
    assert_eq!(whole.len(), 1);
}

async fn load_reads_no_further_than_asked<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let keys: [Arc<str>; 2] = [key_of(0, 0).into(), key_of(0, 1).into()];
    writer.accept(&keys[0], 7);
    writer.accept(&keys[1], 3);
    // Beyond what is asked for, a hole is not met.
    writer.growing().events[6].sequence = 8;
    let rows = writer.commit(store).await.events.clone();
    for upto in [1, 2, 3, 6] {
        let mut loaded = store
            .load(partition_id(0), &keys, upto)
            .await
            .expect("streams");
        loaded.sort_by_key(|stream| stream.stream);
        let upto = usize::try_from(upto).expect("a small number");
        assert_eq!(loaded[0].events, rows[..upto]);
        assert_eq!(loaded[1].events, rows[7..7 + upto.min(3)]);
    }
    assert!(store.load(partition_id(0), &keys, 8).await.is_err());
}

async fn heads_are_the_last_positions<S: EventStore + EventReader>(store: &S) {
    let heads = async |contexts: &[&'static str]| {
        let mut heads = store.heads(contexts).await.expect("heads");
        heads.sort_unstable();
        heads
    };
    assert_eq!(heads(&CONTEXTS).await, []);
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    Writer::take_over(store, partition_id(2), 2).await;
    let expected = |events| vec![(partition_id(0), events), (partition_id(2), 0)];
    assert_eq!(heads(&CONTEXTS).await, expected(0));
    writer.accept(&key_of(0, 0), 3);
    writer.reject(&key_of(0, 1));
    writer.commit(store).await;
    assert_eq!(heads(&CONTEXTS).await, expected(3));
    assert_eq!(heads(&[]).await, []);
    let others = CONTEXTS
        .iter()
        .filter(|name| **name != partition_id(0).context);
    let others: Vec<_> = others.copied().collect();
    assert_eq!(heads(&others).await, []);
}

async fn outcomes_come_back_as_they_were_given<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    let (known, unknown) = (key_of(2, 0), key_of(2, 1));
    let unchanged_before_any_event = writer.accept(&unknown, 0);
    let rejected_before_any_event = writer.reject(&unknown);
    let ids = [
        unchanged_before_any_event,
        writer.accept(&known, 3),
        writer.accept(&known, 0),
        rejected_before_any_event,
        writer.reject(&known),
        writer.accept(&known, 1),
    ];
    let batch = writer.commit(store).await;
    let stranger = CommandId(Uuid::from_u128(1));
    let asked: Vec<_> = ids.iter().copied().chain([stranger]).collect();
    assert_eq!(outcomes(store, &asked).await, by_id(&batch));
    let one = outcomes(store, &[rejected_before_any_event]).await;
    assert!(matches!(
        &*one,
        [OutcomeRow {
            stream: 0,
            outcome: Outcome::Rejected { .. },
            ..
        }]
    ));
}

async fn find_looks_into_every_partition_of_the_contexts<S>(store: &S)
where
    S: EventStore + EventReader,
{
    for (context, partition) in [(CONTEXTS[0], 3), (CONTEXTS[1], 1)] {
        let partition_id = PartitionId { context, partition };
        let mut writer = Writer::take_over(store, partition_id, 1).await;
        let ids = [
            writer.accept(&key_of(partition, 0), 1),
            writer.reject(&key_of(partition, 1)),
        ];
        let batch = writer.commit(store).await;
        for (id, row) in ids.into_iter().zip(&batch.outcomes) {
            let row = row.clone();
            let found = store.find(&CONTEXTS, id..=id).await.expect("an answer");
            assert_eq!(found, [KnownCommand { partition_id, row }]);
            let elsewhere = CONTEXTS.into_iter().filter(|other| *other != context);
            let elsewhere: Vec<_> = elsewhere.collect();
            let found = store.find(&elsewhere, id..=id).await.expect("an answer");
            assert_eq!(found, []);
            assert_eq!(store.find(&[], id..=id).await.expect("an answer"), []);
        }
    }
}

async fn find_gives_all_commands_of_a_range_and_no_other<S>(store: &S)
where
    S: EventStore + EventReader,
{
    let mut ids = Vec::new();
    for partition in [0, 2] {
        let mut writer = Writer::take_over(store, partition_id(partition), 1).await;
        ids.extend((0..5).map(|n| writer.accept(&key_of(partition, n), 1)));
        writer.commit(store).await;
    }
    ids.sort_unstable();
    let found = store.find(&CONTEXTS, ids[2]..=ids[6]).await;
    let mut found: Vec<_> = found.expect("an answer").into_iter().collect();
    found.sort_unstable_by_key(|known| known.row.command);
    let found: Vec<_> = found.iter().map(|known| known.row.command).collect();
    assert_eq!(found, ids[2..=6]);
}

async fn read_pages_through_the_events_in_order<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let mut rows = Vec::new();
    for n in 0..5 {
        writer.accept(&key_of(0, n % 2), 5);
        rows.extend(writer.commit(store).await.events.iter().cloned());
    }
    let mut paged = Vec::new();
    loop {
        let after = paged
            .last()
            .map_or(0, |row: &EventRow| row.record.log_position);
        let page = store.read(partition_id(0), after, 7).await.expect("a page");
        assert!(page.len() <= 7 && paged.len() <= rows.len());
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, rows);
    assert_eq!(store.read(partition_id(0), 3, 0).await.expect("a page"), []);
    assert_eq!(
        store.read(partition_id(0), 1_000, 5).await.expect("a page"),
        []
    );
}

async fn scan_pages_through_the_outcomes_in_id_order<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    for n in 0..20 {
        writer.accept(&key_of(1, n % 3), 1);
        writer.reject(&key_of(1, n % 5));
    }
    // The least that there can be.
    writer.growing().outcomes[7].command = CommandId(Uuid::nil());
    let batch = writer.commit(store).await;
    let mut scanned = Vec::new();
    loop {
        let after = scanned.last().map(|row: &OutcomeRow| row.command);
        let page = store
            .scan_outcomes(partition_id(1), after, 9)
            .await
            .expect("a page");
        assert!(page.len() <= 9 && scanned.len() <= batch.outcomes.len());
        if page.is_empty() {
            break;
        }
        scanned.extend(page);
    }
    assert_eq!(scanned, by_id(&batch));
}

async fn partitions_do_not_mix<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let id = writer.accept(&key_of(0, 0), 2);
    writer.commit(store).await;
    let key = [key_of(0, 0).into()];
    for other in [
        partition_id(1),
        PartitionId {
            context: CONTEXTS[1],
            partition: 0,
        },
    ] {
        let mut writer = Writer::take_over(store, other, 1).await;
        assert_eq!(writer.cursor().next_log_position, 1);
        assert_eq!(store.load(other, &key, WHOLE).await.expect("streams"), []);
        assert_eq!(store.outcomes(other, &[id]).await.expect("outcomes"), []);
        assert_eq!(store.read(other, 0, 10).await.expect("events"), []);
        assert_eq!(
            store
                .scan_outcomes(other, None, 10)
                .await
                .expect("outcomes"),
            []
        );
        // The same log positions, stream numbers and keys are free there.
        writer.accept(&key_of(0, 0), 2);
        writer.commit(store).await;
    }
    assert_eq!(
        store
            .read(partition_id(0), 0, 10)
            .await
            .expect("events")
            .len(),
        2
    );
}

fn stream_of(key: &Arc<str>, rows: &[EventRow]) -> LoadedStream {
    let events: Vec<_> = rows
        .iter()
        .filter(|row| row.record.key == *key)
        .cloned()
        .collect();
    LoadedStream {
        key: Arc::clone(key),
        stream: events[0].stream,
        events,
    }
}

fn by_id(batch: &Batch) -> Vec<OutcomeRow> {
    let mut rows = batch.outcomes.clone();
    rows.sort_by_key(|row| row.command);
    rows
}

/// Sorted by id: a store may answer in any order.
async fn outcomes(store: &impl EventReader, ids: &[CommandId]) -> Vec<OutcomeRow> {
    let mut rows = store
        .outcomes(partition_id(2), ids)
        .await
        .expect("outcomes");
    rows.sort_by_key(|row| row.command);
    rows
}
