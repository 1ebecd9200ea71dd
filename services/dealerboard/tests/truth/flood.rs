//! A flood of everything that is no command, among healthy load: nothing stops, and all of it is accounted
//! for.

use std::time::{Duration, Instant};

use futures::future::join_all;
use kernel::topic;
use serde_json::json;
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{booking, production_with, terms};
use crate::kafka::{Outsider, PARTITIONS, Raw, home};

const WAIT: Duration = Duration::from_secs(120);
/// Records of each kind.
const EACH: usize = 1_000;
/// Healthy commands meanwhile.
const HEALTHY: usize = 600;
/// Sent at once of one list, and the time until the next: a flood that comes as fast as this machine can
/// send shows how little of it is left for all others.
const BURST: usize = 10;
const BETWEEN: Duration = Duration::from_millis(15);
const PRODUCER: &str = r#"
    [[kafka.producers]]
    context = "trades"
    tenant = "demo"
    actor = "drop-copy"
"#;

/// A record of its own.
#[derive(Default)]
struct Made {
    key: String,
    value: Option<Vec<u8>>,
    headers: Vec<(&'static str, &'static [u8])>,
    partition: Option<u16>,
}

impl Made {
    fn raw(&self) -> Raw<'_> {
        Raw {
            key: Some(self.key.as_bytes()),
            value: self.value.as_deref(),
            headers: self.headers.clone(),
            partition: self.partition,
        }
    }
}

fn book(id: &str) -> Option<Vec<u8>> {
    let envelope = json!({ "id": id, "type": "BookTrade", "data": terms(1) });
    Some(envelope.to_string().into_bytes())
}

fn each(make: impl Fn(usize) -> Made) -> Vec<Made> {
    (0..EACH).map(make).collect()
}

/// What is parked, whatever it claims to be.
fn junk() -> Vec<Made> {
    let key = |n: usize| format!("demo/J-{}", n % 50);
    let wrong_partition = each(|n| Made {
        key: format!("demo/W-{n}"),
        value: book(&format!("w-{n}")),
        partition: Some((home(&format!("W-{n}")) + 1) % PARTITIONS),
        ..Made::default()
    });
    let unsigned = each(|n| Made {
        key: format!("acme/U-{n}"),
        value: book(&format!("u-{n}")),
        ..Made::default()
    });
    let undecodable = each(|n| Made {
        key: key(n),
        value: Some(b"{ nonsense".to_vec()),
        ..Made::default()
    });
    let tombstones = each(|n| Made {
        key: key(n),
        ..Made::default()
    });
    let headers = each(|n| Made {
        key: key(n),
        value: Some(terms(1).to_string().into_bytes()),
        headers: vec![("command-id", b"h"), ("command-type", b"Book\xffTrade")],
        ..Made::default()
    });
    [wrong_partition, unsigned, undecodable, tombstones, headers]
        .into_iter()
        .flatten()
        .collect()
}

/// Books one trade after the other; how long each took, in order.
async fn healthy(platform: &Platform, name: &str) -> Vec<Duration> {
    let token = platform.token("demo");
    let mut took = Vec::with_capacity(HEALTHY);
    for n in 0..HEALTHY {
        let body = booking(&format!("{name}-{n}"), 1);
        let (request, since) = (
            platform.request(&token, "/v1/trades", &body),
            Instant::now(),
        );
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 201, "{:?}", answer.text().await);
        took.push(since.elapsed());
    }
    took.sort_unstable();
    took
}

async fn send_all(outsider: &Outsider, topic: &str, made: &[Made]) {
    for burst in made.chunks(BURST) {
        join_all(burst.iter().map(|made| outsider.send_to(topic, made.raw()))).await;
        tokio::time::sleep(BETWEEN).await;
    }
}

/// Commands of trades so far, by outcome.
async fn counted(platform: &Platform, outcome: &str) -> usize {
    let metrics = reqwest::get(format!("{}/metrics", platform.url())).await;
    let metrics = metrics.unwrap().text().await.unwrap();
    let place = format!(r#"dealerboard_commands_total{{context="trades",outcome="{outcome}"}} "#);
    let line = metrics.lines().find_map(|line| line.strip_prefix(&place));
    line.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_what_is_no_command_stops_nothing_and_is_accounted_for() {
    let mut platform = production_with(PRODUCER).await;
    let outsider = Outsider::of(&platform);
    let zipped = Outsider::with(&platform, &[("compression.type", "zstd")]);
    let without = healthy(&platform, "A").await;

    let genuine = outsider.read("trades-commands").swap_remove(0);
    let stood = u16::try_from(rdkafka::Message::partition(&genuine)).unwrap();
    let commands = topic::commands("", "trades");
    let compressed = each(|n| Made {
        key: format!("demo/Z-{n}"),
        value: book(&format!("z-{n}")),
        ..Made::default()
    });
    let strange = each(|n| Made {
        key: format!("demo/E-{n}"),
        value: Some(b"no event".to_vec()),
        ..Made::default()
    });
    let junk = junk();
    let events: Vec<_> = ["trades", "positions", "agents", "conversations"]
        .map(|context| topic::events("", context))
        .into();
    let flood = async {
        let copies = (0..EACH).map(|_| outsider.send("trades", Raw::copy(&genuine, stood)));
        let events = events
            .iter()
            .map(|topic| send_all(&outsider, topic, &strange));
        tokio::join!(
            send_all(&outsider, &commands, &junk),
            send_all(&zipped, &commands, &compressed),
            join_all(copies),
            join_all(events),
        );
    };
    let (with, ()) = tokio::join!(healthy(&platform, "B"), flood);
    let p99 = |took: &[Duration]| took[took.len() * 99 / 100];
    println!(
        "p99 of healthy keys: {:?} without, {:?} with",
        p99(&without),
        p99(&with)
    );

    let expected = [
        ("accepted", 2 * HEALTHY + EACH),
        ("rejected", 0),
        ("parked", junk.len()),
        ("repeated", EACH),
        ("forwarded", 0),
    ];
    for (outcome, count) in expected {
        eventually(outcome, WAIT, async || {
            (counted(&platform, outcome).await == count).then_some(())
        })
        .await;
    }
    let sum: usize = expected.iter().map(|(_, count)| count).sum();
    assert_eq!(outsider.read("trades-commands").len(), sum);
    // Views follow after records of other systems.
    let last = format!("/v1/trades/B-{}", HEALTHY - 1);
    eventually("the last trade to be shown", WAIT, async || {
        let answer = platform.get("demo", &last).await;
        answer.status().is_success().then_some(())
    })
    .await;
    // And after a restart, though the last record of the topics is no event.
    send_all(&outsider, &events[0], &strange).await;
    platform.crash().await;
    platform
        .post("demo", "/v1/trades", &booking("C-1", 1))
        .await;
    eventually("the next trade to be shown", WAIT, async || {
        let answer = platform.get("demo", "/v1/trades/C-1").await;
        answer.status().is_success().then_some(())
    })
    .await;
    let ready = reqwest::get(format!("{}/readyz", platform.url())).await;
    let ready = ready.unwrap();
    let status = ready.status();
    assert!(status.is_success(), "{}", ready.text().await.unwrap());
    let verified = platform.command().args(["verify", "--live"]).output();
    let verified = verified.unwrap();
    assert!(verified.status.success(), "{verified:?}");
    platform.discard().await;
}
