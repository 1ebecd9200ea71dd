//! A live projection follows every partition of its contexts: repeats are dropped, what cannot be read stops it.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use eventstore::MemoryEventStore;
use kernel::context::Folded;
use kernel::port::{EventLog, Pace};
use kernel::record::{self, EventRecord, Undecodable};
use kernel::topic::{self, PartitionId};
use kernel::{EventMeta, LiveProjection};
use log::MemoryEventLog;
use pipeline::{FollowPorts, Followed, Movement};
use testkit::contract::PARTITIONS;
use testkit::{ManualClock, Writer, eventually};
use tokio_util::sync::CancellationToken;

const WITHIN: Duration = Duration::from_secs(10);

/// What of two contexts was seen, by aggregate.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Seen {
    noted: BTreeMap<String, Vec<String>>,
    others: BTreeMap<String, usize>,
}

impl LiveProjection for Seen {
    const NAME: &'static str = "seen";
    const ON: &'static [&'static str] = &["trades", "positions"];
    const SHAPE: u16 = 1;
    type Event = String;
    type Kept = Self;

    fn decode(
        context: &str,
        log_position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<String>), Undecodable> {
        let wants = |kind: &str| kind == "Noted";
        let (meta, event) = record::decode_if::<Event>(log_position, value, wants)?;
        let noted = event.map(|Event::Noted(text)| format!("{context} {text}"));
        Ok((meta, noted))
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<String>) {
        match event {
            Folded::Event(text) => {
                let aggregate = meta.aggregate.to_string();
                self.noted.entry(aggregate).or_default().push(text);
            }
            Folded::Other(context) => *self.others.entry(context.to_owned()).or_default() += 1,
        }
    }

    fn keep(&self) -> Self {
        self.clone()
    }

    fn restored(kept: Self) -> Self {
        kept
    }
}

#[derive(serde::Deserialize)]
#[serde(tag = "type", content = "data")]
enum Event {
    Noted(String),
}

fn event(aggregate: &str, log_position: u64, kind: &str, data: &str) -> EventRecord {
    let value = format!(
        r#"{{"id":"00000000-0000-0000-0000-000000000001","command":"00000000-0000-0000-0000-000000000002","tenant":"demo","aggregate":"{aggregate}","sequence":1,"at":"2026-01-05T09:00:00Z","actor":"desk","v":1,"type":"{kind}","data":{data}}}"#
    );
    EventRecord {
        log_position,
        key: format!("demo/{aggregate}").into(),
        value: value.into(),
    }
}

/// An aggregate of that partition.
fn of(partition: u16) -> String {
    let mut names = (1..).map(|n| format!("A-{n}"));
    let is_there = |name: &String| {
        topic::partition_of(format!("demo/{name}").as_bytes(), PARTITIONS) == partition
    };
    names.find(is_there).unwrap()
}

struct Site {
    log: Arc<MemoryEventLog>,
    store: MemoryEventStore,
    followed: Followed<Seen>,
    stop: CancellationToken,
}

impl Site {
    fn start() -> Self {
        let log = MemoryEventLog::new(PARTITIONS, Arc::new(ManualClock::default()));
        let (log, store) = (Arc::new(log), MemoryEventStore::default());
        let followed = Followed::new(PARTITIONS);
        let stop = CancellationToken::new();
        let follow = followed.clone();
        let ports = FollowPorts {
            event_log: Arc::clone(&log) as _,
            streams: Arc::new(store.clone()),
            snapshots: None,
            movement: Movement::default(),
        };
        let follow = follow.follow(ports, Pace::Prompt, stop.clone());
        tokio::spawn(follow);
        Self {
            log,
            store,
            followed,
            stop,
        }
    }

    async fn publish(&self, context: &'static str, partition: u16, events: Vec<EventRecord>) {
        let partition_id = PartitionId { context, partition };
        self.log.publish(partition_id, events).await.unwrap();
    }

    async fn noted(&self, aggregate: &str, texts: &[&str]) {
        eventually(aggregate, WITHIN, async || {
            let noted = self.followed.ask(|seen| seen.noted.get(aggregate).cloned());
            (noted.unwrap_or_default() == texts).then_some(())
        })
        .await;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn every_partition_of_every_context_is_folded_once_and_said_to_be_current() {
    let (site, trade, position) = (Site::start(), of(0), of(1));
    let first = event(&trade, 1, "Noted", r#""a""#);
    site.publish(
        "trades",
        0,
        vec![first.clone(), event(&trade, 2, "Unheard", "{}")],
    )
    .await;
    let noted = event(&position, 1, "Noted", r#""b""#);
    site.publish("positions", 1, vec![noted]).await;
    // Published again after a takeover.
    let again = vec![first, event(&trade, 3, "Noted", r#""c""#)];
    site.publish("trades", 0, again).await;
    site.noted(&trade, &["trades a", "trades c"]).await;
    site.noted(&position, &["positions b"]).await;
    let others = site.followed.ask(|seen| seen.others.clone());
    assert_eq!(others, BTreeMap::from([("trades".to_owned(), 1)]));
    eventually("an age", WITHIN, async || site.followed.age()).await;
    assert_eq!(site.followed.seen(), 4);
}

#[tokio::test]
async fn event_that_cannot_be_read_stops_its_partition_and_the_age_shows_it() {
    let (site, trade, other) = (Site::start(), of(0), of(1));
    eventually("an age", WITHIN, async || site.followed.age()).await;
    // What the store has is no better than what the log has.
    let partition_id = PartitionId {
        context: "trades",
        partition: 0,
    };
    let mut writer = Writer::take_over(&site.store, partition_id, 1).await;
    writer.accept(&format!("demo/{trade}"), 2);
    writer.commit(&site.store).await;
    let noted = event(&trade, 1, "Noted", r#""a""#);
    site.publish("trades", 0, vec![noted]).await;
    site.noted(&trade, &["trades a"]).await;
    site.publish("trades", 0, vec![event(&trade, 2, "Noted", "7")])
        .await;
    site.publish("trades", 1, vec![event(&other, 1, "Noted", r#""d""#)])
        .await;
    site.noted(&other, &["trades d"]).await;
    let old = Duration::from_secs(2);
    eventually("an old reading", WITHIN, async || {
        site.followed.age().filter(|age| *age > old)
    })
    .await;
    site.noted(&trade, &["trades a"]).await;
}
