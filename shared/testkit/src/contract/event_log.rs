//! What every event log does, whatever it is made of.

use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::Batch;
use kernel::port::{EventLog, EventStore, Pace, Record, Span};
use kernel::record::EventRecord;

use super::group::{Member, take};
use super::{CONTEXTS, PARTITIONS, key_of, partition_id};
use crate::Writer;

/// Runs the suite. Each call of `make` gives an empty store and an empty log: as in the pipeline,
/// events are committed to the one before they are published to the other.
///
/// # Panics
/// The log breaks the contract of its port.
pub async fn event_log<S: EventStore, L: EventLog>(make: impl AsyncFn() -> (S, L)) {
    let (store, log) = make().await;
    event_comes_back_with_its_key_bytes_and_position(&store, &log).await;
    let (store, log) = make().await;
    events_are_consumed_in_position_order(&store, &log).await;
    let (store, log) = make().await;
    events_published_again_are_harmless(&store, &log).await;
    let (store, log) = make().await;
    span_is_from_the_first_event_to_the_last(&store, &log).await;
    let (store, log) = make().await;
    waiting_reader_sees_what_is_published(&store, &log).await;
    let (store, log) = make().await;
    reader_continues_behind_its_checkpoint(&store, &log).await;
    let (store, log) = make().await;
    events_of_a_dead_publisher_reach_a_waiting_reader(&store, &log).await;
    let (store, log) = make().await;
    every_group_sees_every_event(&store, &log).await;
    let (store, log) = make().await;
    readers_of_a_partition_stand_where_they_like(&store, &log).await;
    let (store, log) = make().await;
    follower_has_every_partition_regardless_of_readers(&store, &log).await;
    let (store, log) = make().await;
    ends_are_behind_the_last_events_of_all_partitions(&store, &log).await;
}

async fn event_comes_back_with_its_key_bytes_and_position(
    store: &impl EventStore,
    log: &impl EventLog,
) {
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    let sent = publish(store, log, &mut writer, 1).await;
    let got = join(log, "projector.contract")
        .await
        .take(2, 1)
        .await
        .remove(0);
    assert_eq!(got.key.as_deref(), Some(sent[0].key.as_bytes()));
    assert_eq!(got.value.as_ref(), Some(&sent[0].value));
    assert_eq!(got.log_position, Some(1));
}

async fn events_are_consumed_in_position_order(store: &impl EventStore, log: &impl EventLog) {
    let mut writers = [
        Writer::take_over(store, partition_id(0), 1).await,
        Writer::take_over(store, partition_id(3), 1).await,
    ];
    let mut sent = [vec![], vec![]];
    for events in [1, 7, 300, 2] {
        for (writer, sent) in writers.iter_mut().zip(&mut sent) {
            sent.extend(publish(store, log, writer, events).await);
        }
    }
    let mut member = join(log, "projector.contract").await;
    for (partition, sent) in [0, 3].into_iter().zip(sent) {
        let got = member.take(partition, sent.len()).await;
        assert_eq!(events(&got), sent, "partition {partition}");
        assert!(got.is_sorted_by(|a, b| a.offset < b.offset), "offsets rise");
    }
}

/// A publisher that starts again publishes what it is not sure of; a consumer drops what is not
/// above the last log position, and must not miss one.
async fn events_published_again_are_harmless(store: &impl EventStore, log: &impl EventLog) {
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    let mut sent = publish(store, log, &mut writer, 5).await;
    for again in [&sent[..], &sent[3..], &sent[1..3], &sent[3..]] {
        log.publish(partition_id(1), again.to_vec())
            .await
            .expect("published again");
    }
    log.publish(partition_id(1), Vec::new())
        .await
        .expect("published nothing");
    assert_eq!(last_log_position(log, 1).await, 5);
    sent.extend(publish(store, log, &mut writer, 3).await);
    let mut member = join(log, "projector.contract").await;
    let mut got = Vec::new();
    // More than were published, again and again, there cannot be.
    for _ in 0..sent.len() * 5 {
        if got.len() == sent.len() {
            break;
        }
        let next = got.len() as u64 + 1;
        let record = events(&member.take(1, 1).await).remove(0);
        assert!(
            record.log_position <= next,
            "position {} where {next} belongs",
            record.log_position
        );
        if record.log_position == next {
            got.push(record);
        }
    }
    assert_eq!(got, sent);
}

async fn span_is_from_the_first_event_to_the_last(store: &impl EventStore, log: &impl EventLog) {
    assert_eq!(log.span(partition_id(0)).await.expect("a span"), None);
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    for (events, last) in [(1, 1), (6, 7), (500, 507)] {
        publish(store, log, &mut writer, events).await;
        let span = log.span(partition_id(0)).await.expect("a span");
        assert_eq!(span, Some(Span { first: 1, last }));
    }
    assert_eq!(log.span(partition_id(1)).await.expect("a span"), None);
}

async fn follower_has_every_partition_regardless_of_readers(
    store: &impl EventStore,
    log: &impl EventLog,
) {
    let mut writers = Vec::new();
    for partition in 0..PARTITIONS {
        writers.push(Writer::take_over(store, partition_id(partition), 1).await);
    }
    let mut sent = Vec::new();
    for writer in &mut writers {
        sent.push(publish(store, log, writer, 3).await);
    }
    let mut member = join(log, "projector.contract").await;
    for pace in [Pace::Prompt, Pace::Leisurely] {
        let mut readers = log.follow(CONTEXTS[0], pace).await.expect("followed");
        let partitions = readers.iter().map(|reader| reader.partition());
        assert!(partitions.eq(0..PARTITIONS), "all, in order");
        for ((reader, writer), sent) in readers.iter_mut().zip(&mut writers).zip(&mut sent) {
            reader.seek(0).await.expect("sought");
            let got = take(reader.as_mut(), sent.len()).await;
            assert_eq!(events(&got), *sent);
            let waited = take(reader.as_mut(), 2);
            let (got, new) = tokio::join!(waited, publish(store, log, writer, 2));
            assert_eq!(events(&got), new);
            sent.extend(new);
        }
    }
    for (partition, sent) in (0..).zip(sent) {
        let got = member.take(partition, sent.len()).await;
        assert_eq!(events(&got), sent, "a group of its own is not disturbed");
    }
}

async fn ends_are_behind_the_last_events_of_all_partitions(
    store: &impl EventStore,
    log: &impl EventLog,
) {
    let none = log.ends(CONTEXTS[0]).await.expect("ends");
    assert_eq!(none, vec![0; usize::from(PARTITIONS)]);
    for (partition, count) in [(1, 7), (3, 2)] {
        let mut writer = Writer::take_over(store, partition_id(partition), 1).await;
        publish(store, log, &mut writer, count).await;
    }
    assert_eq!(log.ends(CONTEXTS[0]).await.expect("ends"), [0, 7, 0, 2]);
    assert_eq!(log.ends(CONTEXTS[1]).await.expect("ends"), none);
}

async fn waiting_reader_sees_what_is_published(store: &impl EventStore, log: &impl EventLog) {
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    let mut member = join(log, "projector.contract").await;
    for _ in 0..20 {
        let (got, sent) = tokio::join!(member.take(2, 2), publish(store, log, &mut writer, 2));
        assert_eq!(events(&got), sent);
    }
}

async fn reader_continues_behind_its_checkpoint(store: &impl EventStore, log: &impl EventLog) {
    let mut writer = Writer::take_over(store, partition_id(3), 1).await;
    let sent = publish(store, log, &mut writer, 12).await;
    let mut member = join(log, "projector.contract").await;
    let all = member.take(3, 12).await;
    let reader = member.reader(3);
    assert_eq!(reader.end().await.expect("an end"), all[11].offset + 1);
    for seen in [5, 1, 11] {
        reader.seek(all[seen - 1].offset + 1).await.expect("sought");
        assert_eq!(events(&take(reader, 12 - seen).await), sent[seen..]);
    }
    reader.seek(all[11].offset + 1).await.expect("sought");
    let more = publish(store, log, &mut writer, 1).await;
    assert_eq!(events(&take(reader, 1).await), more);
}

/// The next publisher asks what was published and continues from there.
async fn events_of_a_dead_publisher_reach_a_waiting_reader(
    store: &impl EventStore,
    log: &impl EventLog,
) {
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    let mut sent = publish(store, log, &mut writer, 2).await;
    let mut member = join(log, "projector.contract").await;
    assert_eq!(events(&member.take(1, 2).await), sent);
    writer.accept(&key_of(1, 0), 3);
    sent.extend(records(&writer.commit(store).await));
    let catch_up = async {
        let published = last_log_position(log, 1).await;
        let mut missing = sent.clone();
        missing.retain(|event| event.log_position > published);
        log.publish(partition_id(1), missing)
            .await
            .expect("published");
    };
    let (got, ()) = tokio::join!(member.take(1, 3), catch_up);
    assert_eq!(events(&got), sent[2..]);
}

async fn every_group_sees_every_event(store: &impl EventStore, log: &impl EventLog) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let sent = publish(store, log, &mut writer, 4).await;
    for group in [
        "projector.contract",
        "reactor.contract",
        "leisurely.contract",
    ] {
        assert_eq!(
            events(&join(log, group).await.take(0, 4).await),
            sent,
            "{group}"
        );
    }
}

/// One is always at the end, one does not look for a long time, one is in no hurry, one goes back.
async fn readers_of_a_partition_stand_where_they_like(
    store: &impl EventStore,
    log: &impl EventLog,
) {
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    let mut sent = publish(store, log, &mut writer, 3).await;
    let mut prompt = join(log, "projector.contract").await;
    let mut late = join(log, "reactor.contract").await;
    let mut leisurely = join(log, "leisurely.contract").await;
    for member in [&mut prompt, &mut late, &mut leisurely] {
        assert_eq!(events(&member.take(1, 3).await), sent);
    }
    // More than any log would keep at hand for readers that are behind.
    for count in [1, 4_000, 1, 4_000, 4_000] {
        let (got, new) = tokio::join!(
            prompt.take(1, count),
            publish(store, log, &mut writer, count)
        );
        assert_eq!(events(&got), new);
        sent.extend(new);
    }
    let behind = sent.len() - 3;
    assert_eq!(events(&late.take(1, behind).await), sent[3..]);
    assert_eq!(events(&leisurely.take(1, behind).await), sent[3..]);
    let (back, reader) = (sent.len() - 2, prompt.reader(1));
    reader.seek(0).await.expect("sought");
    let again = take(reader, sent.len()).await;
    assert_eq!(events(&again), sent);
    reader.seek(again[back].offset).await.expect("sought");
    let new = publish(store, log, &mut writer, 2).await;
    assert_eq!(
        events(&take(reader, 4).await),
        [&sent[back..], &new].concat()
    );
    assert_eq!(events(&late.take(1, 2).await), new);
    assert_eq!(events(&leisurely.take(1, 2).await), new);
}

/// Commits that many events over three keys, then publishes them.
async fn publish(
    store: &impl EventStore,
    log: &impl EventLog,
    writer: &mut Writer,
    events: usize,
) -> Vec<EventRecord> {
    let partition_id = writer.growing().partition_id;
    for n in 0..events {
        writer.accept(&key_of(partition_id.partition, n % 3), 1);
    }
    let sent = records(&writer.commit(store).await);
    log.publish(partition_id, sent.clone())
        .await
        .expect("published");
    sent
}

fn records(batch: &Arc<Batch>) -> Vec<EventRecord> {
    batch.events.iter().map(|row| row.record.clone()).collect()
}

/// Records of the log as events of the store.
fn events(records: &[Record]) -> Vec<EventRecord> {
    let event = |record: &Record| {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).ok();
        Some(EventRecord {
            log_position: record.log_position?,
            key: text(record.key.as_ref()?)?.into(),
            value: record.value.clone()?,
        })
    };
    records
        .iter()
        .map(|record| event(record).expect("an event with its position"))
        .collect()
}

async fn last_log_position(log: &impl EventLog, partition: u16) -> u64 {
    let span = log.span(partition_id(partition)).await.expect("a span");
    span.map_or(0, |span| span.last)
}

/// A leisurely member gets the same records.
async fn join(log: &impl EventLog, group: &str) -> Member {
    let pace = if group.starts_with("leisurely") {
        Pace::Leisurely
    } else {
        Pace::Prompt
    };
    let assignments = log.consume(CONTEXTS[0], group, pace).await;
    Member::of(assignments.expect("joined")).await
}
