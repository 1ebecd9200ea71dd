//! Event topics that were recreated, cut or emptied.

use kernel::port::{EventLog as _, Pace, Span};
use kernel::record::EventRecord;
use kernel::topic::{self, PartitionId};
use log::kafka::create_topics;
use rdkafka::admin::AdminOptions;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use testkit::contract::CONTEXTS;
use testkit::eventually;

use crate::raw::{Raw, produce};
use crate::site::{Site, TOPICS, WAIT, take};

const PARTITION: PartitionId = PartitionId {
    context: CONTEXTS[0],
    partition: 0,
};

#[tokio::test(flavor = "multi_thread")]
async fn topic_recreated_under_its_publisher_is_filled_from_the_start() {
    let site = Site::new().await;
    site.log.publish(PARTITION, events(1, 4)).await.unwrap();
    recreate(&site).await;
    let published = site.log.publish(PARTITION, events(5, 6)).await;
    let fault = published.unwrap_err().to_string();
    assert!(fault.contains("it was recreated"), "{fault}");
    assert!(fault.contains("it is filled from the store"), "{fault}");
    // What the publisher does then.
    assert_eq!(site.log.span(PARTITION).await.unwrap(), None);
    site.log.publish(PARTITION, events(1, 6)).await.unwrap();
    let span = site.log.span(PARTITION).await.unwrap();
    assert_eq!(span, Some(Span { first: 1, last: 6 }));
    assert_eq!(log_positions(&site, 6).await, [1, 2, 3, 4, 5, 6]);
    site.log.publish(PARTITION, events(7, 7)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_never_received_its_head_is_not_published_to() {
    let site = Site::new().await;
    let record = Raw {
        key: b"demo/a",
        value: Some(b"{}"),
        headers: &[(b"position", b"7")],
    };
    produce(&site.settings.brokers, &topic(&site), 0, &[record]);
    let fault = site.log.span(PARTITION).await.unwrap_err().to_string();
    for words in [&*topic(&site), "/0 ", "position 7", "kafka-delete-records"] {
        assert!(fault.contains(words), "{fault}");
    }
    site.log.empty_events(PARTITION).await.unwrap();
    assert_eq!(site.log.span(PARTITION).await.unwrap(), None);
    site.log.publish(PARTITION, events(1, 8)).await.unwrap();
    let span = site.log.span(PARTITION).await.unwrap();
    assert_eq!(span, Some(Span { first: 1, last: 8 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_has_lost_its_head_is_published_to_behind_its_last_event() {
    let site = Site::new().await;
    site.log.publish(PARTITION, events(1, 6)).await.unwrap();
    let mut before = TopicPartitionList::new();
    before
        .add_partition_offset(&topic(&site), 0, Offset::Offset(2))
        .unwrap();
    let deleted = site.admin().delete_records(&before, &AdminOptions::new());
    deleted.await.unwrap();
    let span = site.log.span(PARTITION).await.unwrap();
    assert_eq!(span, Some(Span { first: 3, last: 6 }));
    site.log.publish(PARTITION, events(7, 7)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_somebody_else_hide_no_event() {
    let site = Site::new().await;
    let junk = Raw {
        key: b"demo/a",
        value: Some(b"no event"),
        headers: &[],
    };
    let flood = vec![junk; 700];
    produce(&site.settings.brokers, &topic(&site), 0, &flood);
    assert_eq!(site.log.span(PARTITION).await.unwrap(), None);
    site.log.publish(PARTITION, events(1, 6)).await.unwrap();
    produce(&site.settings.brokers, &topic(&site), 0, &flood);
    let span = site.log.span(PARTITION).await.unwrap();
    assert_eq!(span, Some(Span { first: 1, last: 6 }));
}

/// As an operator does after deleting a topic by mistake: runs the migration.
async fn recreate(site: &Site) {
    let topic = topic(site);
    let deleted = site.admin().delete_topics(
        &[&topic],
        &AdminOptions::new().operation_timeout(Some(WAIT)),
    );
    deleted.await.unwrap();
    eventually("the topic to be there again", WAIT, async || {
        create_topics(&site.settings, &CONTEXTS, TOPICS)
            .await
            .ok()?;
        site.log
            .unsafe_topics(&CONTEXTS, 4)
            .await
            .ok()?
            .is_empty()
            .then_some(())
    })
    .await;
}

async fn log_positions(site: &Site, count: usize) -> Vec<u64> {
    let readers = site.log.follow(CONTEXTS[0], Pace::Prompt).await;
    let mut reader = readers.unwrap().remove(0);
    let end = reader.end().await.unwrap();
    let first = end - i64::try_from(count).unwrap();
    reader.seek(first).await.unwrap();
    let got = take(reader.as_mut(), count).await;
    got.iter()
        .filter_map(|record| record.log_position)
        .collect()
}

fn topic(site: &Site) -> String {
    topic::events(&site.settings.prefix, CONTEXTS[0])
}

fn events(first: u64, last: u64) -> Vec<EventRecord> {
    let event = |log_position| EventRecord {
        log_position,
        key: "demo/a".into(),
        value: "{}".into(),
    };
    (first..=last).map(event).collect()
}
