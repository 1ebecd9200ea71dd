//! A command log whose offsets have holes, or whose head is gone: counts are of records.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use testkit::servers::{Servers, unique};

use crate::kafka::{Site, WAIT, book, ended};

const PARTITIONS: i32 = 2;

/// A producer that writes in transactions: each leaves a record that no consumer gets, and an
/// aborted one leaves its commands as well.
struct Transactional {
    producer: BaseProducer,
    topic: String,
}

impl Transactional {
    fn of(site: &Site) -> Self {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", Servers::shared().kafka)
            .set("partitioner", "murmur2_random")
            .set("transactional.id", unique("drop-copy"))
            .create()
            .unwrap();
        producer.init_transactions(WAIT).unwrap();
        let topic = format!("{}trades-commands", site.prefix);
        Self { producer, topic }
    }

    fn transaction(&self, numbers: std::ops::Range<u128>, commits: bool) {
        self.producer.begin_transaction().unwrap();
        for number in numbers {
            let (trade, key) = (format!("T-{number}"), format!("demo/T-{number}"));
            let value = book(number, &trade);
            let record = BaseRecord::to(&self.topic).key(&key).payload(&value);
            self.producer
                .send(record)
                .map_err(|(error, _)| error)
                .unwrap();
        }
        self.producer.flush(WAIT).unwrap();
        if commits {
            self.producer.commit_transaction(WAIT).unwrap();
        } else {
            self.producer.abort_transaction(WAIT).unwrap();
        }
    }
}

/// Deletes the first records of every partition.
async fn delete_records(site: &Site, before: i64) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", Servers::shared().kafka)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    let topic = format!("{}trades-commands", site.prefix);
    for partition in 0..PARTITIONS {
        list.add_partition_offset(&topic, partition, Offset::Offset(before))
            .unwrap();
    }
    let deleted = admin
        .delete_records(&list, &AdminOptions::new())
        .await
        .unwrap();
    for partition in deleted.elements() {
        partition.error().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_that_are_no_records_are_not_counted_and_a_head_that_is_gone_is_said() {
    let site = Site::prepare().await;
    let process = site.start(&[]);
    let outside = Transactional::of(&site);
    outside.transaction(0..20, true);
    outside.transaction(20..30, false);
    outside.transaction(30..50, true);
    let booked = "SELECT count(*) FROM trades.events WHERE event_type = 'TradeBooked'";
    site.reaches(40, booked).await;
    site.run(&["verify", "--live"]);
    site.stop(process).await;

    let handled = "SELECT sum(handled)::int8 FROM trades.cursor";
    assert_eq!(site.count(handled).await, 40);
    let holes = "SELECT sum(next_offset - handled)::int8 FROM trades.cursor";
    assert!(site.count(holes).await > 10, "the offsets have no holes");
    let text_of_holes = site.run(&["verify"]);
    assert!(text_of_holes.contains("40 commands"), "{text_of_holes}");
    assert!(
        text_of_holes.contains("all invariants hold"),
        "{text_of_holes}"
    );

    // The broker's retention, or an operator who cleans up.
    delete_records(&site, 3).await;
    let output = site.command(&["verify"]).output().unwrap();
    let text = ended(2, &["verify"], &output);
    for partition in 0..PARTITIONS {
        let unknown = format!(
            "unknown   I1 I6 I12 trades/{partition} command log: not compared, the log no longer holds \
             offsets 0 to 2"
        );
        assert!(text.contains(&unknown), "{text}");
    }
    assert!(!text.contains("violated"), "{text}");
    site.pool.close().await;
    site.database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_without_a_dependency_ends_and_names_the_rules_it_could_not_compare() {
    let site = Site::prepare().await;
    for (key, rules) in [
        (
            "DEALERBOARD__KAFKA__BROKERS",
            ["I1 I6 I12 trades command log", "I4 trades event log"],
        ),
        (
            "DEALERBOARD__POSTGRES__URL",
            ["I0 rows", "I0 I1 I2 I3 I4 I5 I8 I12 trades/0"],
        ),
    ] {
        let nowhere = match key {
            "DEALERBOARD__KAFKA__BROKERS" => "127.0.0.1:1",
            _ => "postgres://postgres@127.0.0.1:1/nowhere",
        };
        let output = site
            .command(&["verify"])
            .env(key, nowhere)
            .output()
            .unwrap();
        let text = ended(2, &["verify"], &output);
        for rule in rules {
            assert!(
                text.contains(&format!("unknown   {rule}")),
                "{rule}: {text}"
            );
        }
        assert!(!text.contains("all invariants hold"), "{text}");
    }
    site.pool.close().await;
    site.database.discard().await;
}
