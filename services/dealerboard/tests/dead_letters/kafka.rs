//! The same on Kafka, Postgres and Redis: an outside producer, and upkeep while the platform runs.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::json;
use sqlx::PgPool;
use tempfile::TempDir;
use testkit::eventually;
use testkit::keys;
use testkit::process::{Process, Signal};
use testkit::servers::{Database, Servers, unique};

use crate::desk::{binary, text};
use crate::record::{SECRET, booking, command_id, fill};

pub(crate) const WAIT: Duration = Duration::from_secs(60);
/// The broker's and the topics' own bound is 16 MiB.
const LARGE: usize = 10 * 1024 * 1024;
/// Everything but the gateway.
const BACK: [&str; 3] = ["serve", "--roles", "processor,projector,reactor"];

pub(crate) struct Site {
    pub(crate) database: Database,
    pub(crate) prefix: String,
    pub(crate) pool: PgPool,
    producer: FutureProducer,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn prepare() -> Self {
        let servers = Servers::shared();
        let database = servers.database().await;
        let prefix = format!("{}.", unique("letters"));
        let folder = TempDir::with_prefix("dealerboard-letters-").unwrap();
        keys::write(&folder.path().join("var/keys"), &SECRET);
        fs::write(
            folder.path().join("site.toml"),
            config(&servers, &database, &prefix),
        )
        .unwrap();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &servers.kafka)
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", "16777216")
            .create()
            .unwrap();
        let pool = PgPool::connect_lazy(&database.url).unwrap();
        let site = Self {
            database,
            prefix,
            pool,
            producer,
            folder,
        };
        site.run(&["migrate"]);
        site
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.folder.path());
        command.args(["--config", "site.toml"]).args(arguments);
        command
    }

    pub(crate) fn start(&self, environment: &[(&str, &str)]) -> Process {
        let mut serve = self.command(&BACK);
        serve.envs(environment.iter().copied());
        Process::start(&mut serve, self.folder.path())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        ended(0, arguments, &self.command(arguments).output().unwrap())
    }

    /// Produces as any client could: no signature, a tenant only in the key and maybe in a header.
    async fn produce(&self, trade: &str, value: &[u8], tenant: Option<&str>) {
        let (topic, key) = (
            format!("{}trades-commands", self.prefix),
            format!("demo/{trade}"),
        );
        let mut record = FutureRecord::to(&topic).key(&key).payload(value);
        if let Some(tenant) = tenant {
            let header = Header {
                key: "tenant",
                value: Some(tenant),
            };
            record = record.headers(OwnedHeaders::new().insert(header));
        }
        self.producer.send(record, WAIT).await.unwrap();
    }

    pub(crate) async fn count(&self, select: &str) -> i64 {
        sqlx::query_scalar(select)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    pub(crate) async fn reaches(&self, count: i64, select: &str) {
        eventually(select, WAIT, async || {
            (self.count(select).await == count).then_some(())
        })
        .await;
    }

    pub(crate) async fn stop(&self, process: Process) {
        process.signal(Signal::Terminate);
        let process = std::cell::RefCell::new(process);
        let over = async || process.borrow_mut().ended();
        let status = eventually("the process to end", WAIT, over).await;
        assert!(status.success(), "{}", process.borrow().log());
    }
}

fn config(servers: &Servers, database: &Database, prefix: &str) -> String {
    format!(
        r#"
        storage.mode = "production"
        kafka.brokers = "{}"
        kafka.prefix = "{prefix}"
        kafka.partitions = 2
        kafka.producers = [{{ context = "trades", tenant = "demo", actor = "drop-copy" }}]
        postgres.url = "{}"
        redis.url = "{}"
        redis.prefix = "{prefix}"
        "#,
        servers.kafka, database.url, servers.redis
    )
}

pub(crate) fn ended(code: i32, arguments: &[&str], output: &Output) -> String {
    let text = text(output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// An envelope as an outside producer writes it: the broker vouches for the sender.
fn outside(number: u128, kind: &str, data: &serde_json::Value) -> Vec<u8> {
    let envelope = json!({ "id": command_id(number), "type": kind, "data": data });
    serde_json::to_vec(&envelope).unwrap()
}

fn data(record: &kernel::port::NewRecord) -> serde_json::Value {
    let envelope: serde_json::Value = serde_json::from_slice(&record.value).unwrap();
    envelope["data"].clone()
}

pub(crate) fn book(number: u128, trade: &str) -> Vec<u8> {
    outside(number, "BookTrade", &data(&booking(number, trade)))
}

const LETTERS: &str = "SELECT count(*) FROM trades.dead_letter";
const HELD: &str = "SELECT count(*) FROM trades.events WHERE event_type = 'FillRecorded'";

/// Five poisoned keys, each between two commands of a healthy one.
async fn poison(site: &Site) {
    let poison: [(&str, Vec<u8>, Option<&str>); 5] = [
        ("P-1", b"{\"id\": not json".to_vec(), None),
        ("P-2", b"\0\0\0\x30\x39\x01\xff".to_vec(), None),
        ("P-3", outside(1, "Explode", &json!({})), None),
        ("P-4", book(2, "P-4"), Some("other")),
        ("P-5", padded(book(3, "P-5")), None),
    ];
    for (number, (trade, value, tenant)) in (100_u128..).step_by(10).zip(&poison) {
        let healthy = format!("H-{trade}");
        site.produce(&healthy, &book(number, &healthy), None).await;
        site.produce(trade, value, *tenant).await;
        let fill = outside(number + 1, "RecordFill", &data(&fill(number, &healthy)));
        site.produce(&healthy, &fill, None).await;
    }
    site.reaches(5, LETTERS).await;
    site.reaches(5, HELD).await;
    let kept =
        "SELECT count(*) FROM trades.dead_letter WHERE encode(key, 'escape') || ' ' || reason IN
        ('demo/P-1 undecodable', 'demo/P-2 unknown_schema', 'demo/P-3 unknown_type',
         'demo/P-4 not_authentic', 'demo/P-5 too_large')";
    assert_eq!(site.count(kept).await, 5);
    let whole = format!("SELECT count(*) FROM trades.dead_letter WHERE length(value) = {LARGE}");
    assert_eq!(site.count(&whole).await, 1);
}

fn padded(mut value: Vec<u8>) -> Vec<u8> {
    value.resize(LARGE, b' ');
    value
}

#[tokio::test]
async fn letters_of_an_outside_producer_are_looked_after_while_the_platform_runs() {
    let site = Site::prepare().await;
    let process = site.start(&[]);
    poison(&site).await;

    // A key is free again as soon as its letter is discarded; no restart is needed.
    let listed = site.run(&["dead-letters", "list"]);
    let first = listed
        .lines()
        .find(|line| line.contains("demo/P-1"))
        .unwrap();
    let place = first.split(' ').next().unwrap();
    site.run(&["dead-letters", "discard", place, "--yes"]);
    site.produce("P-1", &book(4, "P-1"), None).await;
    let booked = |trade: &str| {
        format!("SELECT count(*) FROM trades.events WHERE aggregate_id = 'demo/{trade}'")
    };
    site.reaches(1, &booked("P-1")).await;
    site.run(&["verify", "--live"]);

    // The limit is raised, and two people redrive at once.
    site.stop(process).await;
    let limit = ("DEALERBOARD__PROCESSOR__VALUE_BYTES_MAX", "16000000");
    let process = site.start(&[limit]);
    let redrive = |by| {
        let key = [
            "--context",
            "trades",
            "--key",
            "demo/P-5",
            "--by",
            by,
            "--yes",
        ];
        let arguments = [&["dead-letters", "redrive"], &key[..]].concat();
        site.command(&arguments)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [redrive("alice"), redrive("bob")];
    for child in both {
        ended(0, &["redrive"], &child.wait_with_output().unwrap());
    }
    site.reaches(1, &booked("P-5")).await;

    for model in ["redis", "postgres"] {
        site.run(&["replay", "position", "--model", model]);
    }
    site.run(&["verify", "--live"]);
    site.stop(process).await;
    let text = site.run(&["verify"]);
    assert!(text.contains("all invariants hold"), "{text}");
    assert_eq!(site.count(&booked("P-5")).await, 1);
    stored_event_that_is_not_the_published_one_is_found(&site).await;
    site.pool.close().await;
    site.database.discard().await;
}

/// I4: here table and topic are two.
async fn stored_event_that_is_not_the_published_one_is_found(site: &Site) {
    for partition in 0..2 {
        let change = format!(
            "UPDATE trades.event_{partition} SET record = replace(record, '0.35', '0.36') \
             WHERE record LIKE '%FillRecorded%'"
        );
        sqlx::query(&change).execute(&site.pool).await.unwrap();
    }
    let output = site.command(&["verify"]).output().unwrap();
    let text = ended(1, &["verify"], &output);
    assert!(text.contains("violated  I4 trades/"), "{text}");
    assert!(
        text.contains("is not the stored event of demo/H-P-"),
        "{text}"
    );
}
