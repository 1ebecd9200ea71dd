//! A platform on Kafka, and what operators do to its topics.

use std::time::{Duration, Instant};

use kernel::topic;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;
use testkit::servers::Servers;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
pub(crate) const PARTITIONS: u16 = 4;
/// Until a light has changed: within a minute, whatever else the machine does.
pub(crate) const LIGHT_WAIT: Duration = Duration::from_secs(90);

pub(crate) fn booking(trade: &str) -> Value {
    json!({
        "trade_id": trade, "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
        "side": "BUY", "quantity": "100", "price": "181.52", "currency": "USD",
        "traded_at": "2013-10-07T13:30:00Z"
    })
}

/// The partition of a trade.
pub(crate) fn home(trade: &str) -> u16 {
    topic::partition_of(format!("demo/{trade}").as_bytes(), PARTITIONS)
}

/// Two trades of one partition, and which that is.
pub(crate) fn two_of_one_partition() -> ([String; 2], u16) {
    let first = "T-1".to_owned();
    let partition = home(&first);
    let others = (2..).map(|trade| format!("T-{trade}"));
    let mut others = others.filter(|trade| home(trade) == partition);
    ([first, others.next().unwrap()], partition)
}

/// What a light shows.
pub(crate) async fn light(url: &str, path: &str) -> Option<(StatusCode, Value)> {
    let answer = reqwest::get(format!("{url}{path}")).await.ok()?;
    let status = answer.status();
    Some((status, answer.json().await.ok()?))
}

/// Waits until the light has that status and those `words`; returns the time it took.
pub(crate) async fn turns(url: &str, path: &str, status: StatusCode, words: &[&str]) -> Duration {
    let since = Instant::now();
    let mut shown = String::new();
    let found = tokio::time::timeout(LIGHT_WAIT, async {
        loop {
            if let Some((found, body)) = light(url, path).await {
                shown = body.to_string();
                if found == status && words.iter().all(|word| shown.contains(word)) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let found = found.await;
    assert!(
        found.is_ok(),
        "{path} is not {status} with {words:?}: {shown}"
    );
    since.elapsed()
}

pub(crate) async fn is_ready(platform: &Platform) {
    turns(platform.url(), "/readyz", StatusCode::OK, &[]).await;
}

/// Sends a command and does not wait for its outcome.
pub(crate) async fn accept(platform: &Platform, trade: &str) {
    let request = Client::new().post(format!("{}/v1/trades", platform.url()));
    let request = request.bearer_auth(platform.token("demo"));
    let answer = request.json(&booking(trade)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
}

/// Two people, as `dealerboard skip` wants them.
pub(crate) const AGREED: &[&str] = &["--by", "ann", "--approved-by", "ben", "--yes"];

/// The output of `dealerboard skip` for a partition.
pub(crate) fn skip(platform: &Platform, partition_id: &str, arguments: &[&str]) -> String {
    let mut command = platform.command();
    let output = command
        .args(["skip", partition_id])
        .args(arguments)
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What an operator, or a wrong retention, does to the topics.
pub(crate) struct Operator {
    admin: AdminClient<DefaultClientContext>,
    consumer: BaseConsumer,
    producer: FutureProducer,
    prefix: String,
}

impl Operator {
    pub(crate) fn of(platform: &Platform) -> Self {
        let brokers = Servers::shared().kafka;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        Self {
            admin: config.create().unwrap(),
            consumer: config.create().unwrap(),
            producer: config
                .set("partitioner", "murmur2_random")
                .create()
                .unwrap(),
            prefix: platform.prefix().to_owned(),
        }
    }

    /// A record that is no command, under a trade's key.
    pub(crate) async fn send_tombstone(&self, context: &str, trade: &str) {
        let (topic, key) = (
            topic::commands(&self.prefix, context),
            format!("demo/{trade}"),
        );
        let record = FutureRecord::<str, [u8]>::to(&topic).key(&key);
        let sent = self.producer.send(record, LIGHT_WAIT).await;
        sent.unwrap();
    }

    pub(crate) async fn delete_topic(&self, name: &str) {
        let topic = format!("{}{name}", self.prefix);
        let deleted = self.admin.delete_topics(&[&topic], &AdminOptions::new());
        deleted.await.unwrap()[0].as_ref().unwrap();
    }

    pub(crate) async fn delete_commands(&self, context: &str, partition: u16, before: i64) {
        let topic = topic::commands(&self.prefix, context);
        self.delete(&topic, partition, before).await;
    }

    /// All of them; true when there were any.
    pub(crate) async fn delete_events(&self, context: &str, partition: u16) -> bool {
        let topic = topic::events(&self.prefix, context);
        let (first, end) = self
            .consumer
            .fetch_watermarks(&topic, partition.into(), Duration::from_secs(10))
            .unwrap();
        self.delete(&topic, partition, end).await;
        end > first
    }

    async fn delete(&self, topic: &str, partition: u16, before: i64) {
        let mut offsets = TopicPartitionList::new();
        let offset = Offset::Offset(before);
        offsets
            .add_partition_offset(topic, partition.into(), offset)
            .unwrap();
        let deleted = self.admin.delete_records(&offsets, &AdminOptions::new());
        deleted.await.unwrap();
    }

    pub(crate) async fn grow_commands(&self, context: &str, partitions: usize) {
        let topic = topic::commands(&self.prefix, context);
        let grown = [NewPartitions::new(&topic, partitions)];
        let options = AdminOptions::new();
        let grown = self.admin.create_partitions(&grown, &options).await;
        grown.unwrap()[0].as_ref().unwrap();
    }
}

/// A value, once it is there.
pub(crate) async fn value(platform: &Platform, query: &str) -> Value {
    eventually(query, LIGHT_WAIT, async || {
        let answer = platform.get("demo", query).await;
        let found = answer.status().is_success();
        let value = answer.json().await.ok()?;
        found.then_some(value)
    })
    .await
}
