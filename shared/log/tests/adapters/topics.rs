//! Topics that would lose what they hold.

use kernel::port::{CommandLog as _, NewRecord};
use kernel::topic;
use log::kafka::create_topics;
use rdkafka::admin::{AdminOptions, NewPartitions, ResourceSpecifier};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use testkit::contract::{CONTEXTS, PARTITIONS};

use crate::site::{Site, TOPICS};

const KEPT: [(&str, &str); 3] = [
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("cleanup.policy", "delete"),
];

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_to_keep_everything_whatever_the_broker_would_delete() {
    let site = Site::new().await;
    for context in CONTEXTS {
        let prefix = &site.settings.prefix;
        let topics = [
            topic::commands(prefix, context),
            topic::events(prefix, context),
            topic::outcomes(prefix, context),
        ];
        for topic in topics {
            for setting in KEPT {
                assert!(of_its_own(&site, &topic).await.contains(&own(setting)));
            }
        }
    }
    assert_eq!(complaints(&site).await, [""; 0]);
    let again = create_topics(&site.settings, &CONTEXTS, TOPICS).await;
    assert_eq!(again.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_is_there_is_set_right_and_keeps_what_else_it_is_set_to() {
    let site = Site::new().await;
    let topic = site.commands();
    site.configure(
        &topic,
        &[
            ("retention.ms", "604800000"),
            ("cleanup.policy", "compact"),
            ("segment.bytes", "1048576"),
        ],
    )
    .await;
    let unsafe_topics = complaints(&site).await;
    assert_eq!(unsafe_topics.len(), 1, "{unsafe_topics:?}");
    for reason in [
        &*topic,
        "retention.ms is 604800000, not -1",
        "cleanup.policy is compact, not delete",
        "message.timestamp.type is CreateTime, not LogAppendTime",
    ] {
        assert!(unsafe_topics[0].contains(reason), "{unsafe_topics:?}");
    }
    let changed = create_topics(&site.settings, &CONTEXTS, TOPICS).await;
    let changed = changed.unwrap();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].contains("retention.ms was 604800000 and is -1 now"));
    let own_settings = of_its_own(&site, &topic).await;
    for setting in KEPT.into_iter().chain([("segment.bytes", "1048576")]) {
        assert!(own_settings.contains(&own(setting)), "{own_settings:?}");
    }
    assert_eq!(complaints(&site).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_has_lost_its_first_commands_or_has_grown_is_named() {
    let site = Site::new().await;
    let key = "demo/T-1";
    let partition = topic::partition_of(key.as_bytes(), PARTITIONS);
    let record = NewRecord {
        context: CONTEXTS[0],
        key: key.into(),
        value: "{}".into(),
        headers: Vec::new(),
    };
    let records = vec![record.clone(), record.clone(), record];
    site.log.append(records).await.unwrap();
    let mut before = TopicPartitionList::new();
    before
        .add_partition_offset(&site.commands(), partition.into(), Offset::Offset(2))
        .unwrap();
    let deleted = site.admin().delete_records(&before, &AdminOptions::new());
    deleted.await.unwrap();
    let grown = topic::events(&site.settings.prefix, CONTEXTS[1]);
    let partitions = NewPartitions::new(&grown, usize::from(PARTITIONS) + 1);
    let added = site
        .admin()
        .create_partitions([&partitions], &AdminOptions::new());
    added.await.unwrap();
    let missing = topic::outcomes(&site.settings.prefix, CONTEXTS[1]);
    let gone = site
        .admin()
        .delete_topics(&[&missing], &AdminOptions::new());
    gone.await.unwrap();
    // The brokers learn it a moment later than the controller.
    let complaints = testkit::eventually(
        "the topics to have changed",
        crate::site::WAIT,
        async || {
            let complaints = complaints(&site).await;
            (complaints.len() == 3).then_some(complaints)
        },
    )
    .await;
    let says = |topic: &str, words: &str| {
        let sentence = complaints.iter().find(|sentence| sentence.contains(topic));
        assert!(sentence.unwrap().contains(words), "{complaints:?}");
    };
    says(
        &site.commands(),
        &format!("its first records are deleted, partition {partition} begins at offset 2"),
    );
    says(&grown, "it has 5 partitions, not 4");
    says(&missing, "it does not exist");
    let refused = create_topics(&site.settings, &CONTEXTS, TOPICS).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("has 5 partitions, not 4"), "{refused}");
}

async fn complaints(site: &Site) -> Vec<String> {
    site.log.unsafe_topics(&CONTEXTS, PARTITIONS).await.unwrap()
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What the topic itself is set to.
async fn of_its_own(site: &Site, topic: &str) -> Vec<(String, String)> {
    let options = AdminOptions::new();
    let asked = [ResourceSpecifier::Topic(topic)];
    let described = site.admin().describe_configs(&asked, &options).await;
    let described = described.unwrap().remove(0).unwrap();
    let own = described
        .entries
        .into_iter()
        .filter(|entry| entry.source == rdkafka::admin::ConfigSource::DynamicTopic);
    own.filter_map(|entry| Some((entry.name, entry.value?)))
        .collect()
}
