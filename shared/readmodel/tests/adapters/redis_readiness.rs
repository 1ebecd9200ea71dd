//! Readers never take what Redis holds for newer or fuller than it is.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join;
use kernel::port::{Applied, Checkpoint, ReadModel, ViewBatch, ViewValue};
use kernel::time::Timestamp;
use kernel::topic::partition_of;
use readmodel::{RedisOptions, RedisReadModel};
use testkit::contract::{PARTITIONS, VIEWS};

use crate::servers::{self, PrivateRedis, command, eventually};

const VIEW: kernel::port::ViewId = VIEWS[0];

/// A projector of one partition, and a reader.
struct Desk {
    options: RedisOptions,
    projector: RedisReadModel,
    reader: RedisReadModel,
    key: Arc<str>,
    missing: Arc<str>,
    partition: u16,
}

impl Desk {
    fn new(options: RedisOptions) -> Self {
        let reader = RedisReadModel::new(&options).unwrap();
        let key: Arc<str> = "demo/ACC-1".into();
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        let missing = (0..)
            .map(|n| format!("demo/NONE-{n}"))
            .find(|key| partition_of(key.as_bytes(), PARTITIONS) == partition)
            .unwrap();
        Self {
            projector: reader.for_projector(),
            options,
            reader,
            key,
            missing: missing.into(),
            partition,
        }
    }

    fn batch(&self, from: u64) -> ViewBatch {
        let value = ViewValue {
            version: from + 1,
            partition: self.partition,
            log_position: from + 1,
            as_of: Timestamp::from_millis(1),
            body: Bytes::from(format!("{}", from + 1)),
        };
        ViewBatch {
            view: VIEW,
            partition: self.partition,
            from: at(from),
            to: at(from + 1),
            puts: vec![(Arc::clone(&self.key), value)],
        }
    }

    /// Applies the event after log position `from`.
    async fn project(&self, from: u64) -> Applied {
        self.projector.apply(self.batch(from)).await.unwrap()
    }

    async fn mark_ready(&self, log_position: u64) -> Applied {
        let at = at(log_position);
        self.projector
            .mark_ready(VIEW, self.partition, at)
            .await
            .unwrap()
    }

    /// The version a query gets; `None` when it has to ask elsewhere.
    async fn read(&self) -> Option<u64> {
        let keys = [Arc::clone(&self.key), Arc::clone(&self.missing)];
        let mut values = self.reader.get(VIEW, &keys).await.ok()?;
        assert_eq!(values.pop(), Some(None), "the second key was never written");
        let value = values.remove(0);
        Some(
            value
                .expect("an absent value must not look like one that never was")
                .version,
        )
    }
}

fn at(log_position: u64) -> Checkpoint {
    Checkpoint {
        log_position,
        next_offset: log_position.cast_signed(),
    }
}

#[tokio::test]
async fn reader_is_sent_elsewhere_until_the_projector_has_caught_up() {
    let desk = Desk::new(servers::redis());
    assert_eq!(desk.read().await, None);
    desk.project(0).await;
    assert_eq!(desk.read().await, None);
    desk.project(1).await;
    assert_eq!(desk.mark_ready(2).await, Applied::Written);
    assert_eq!(desk.read().await, Some(2));
}

#[tokio::test]
async fn reader_is_sent_elsewhere_for_a_partition_that_is_not_ready() {
    let desk = Desk::new(servers::redis());
    desk.project(0).await;
    desk.mark_ready(1).await;
    let elsewhere = (0..)
        .map(|n| Arc::<str>::from(format!("demo/OTHER-{n}")))
        .find(|key| partition_of(key.as_bytes(), PARTITIONS) != desk.partition)
        .unwrap();
    let fault = desk
        .reader
        .get(VIEW, &[Arc::clone(&desk.key), elsewhere])
        .await
        .unwrap_err();
    assert!(fault.attempt.ends_with("is not ready"), "{}", fault.attempt);
    assert_eq!(desk.read().await, Some(1));
}

#[tokio::test]
async fn view_is_not_ready_when_it_stands_elsewhere_than_its_projector() {
    let desk = Desk::new(servers::redis());
    desk.project(0).await;
    for log_position in [0, 2] {
        assert_eq!(desk.mark_ready(log_position).await, Applied::Refused);
        assert_eq!(desk.read().await, None);
    }
}

#[tokio::test]
async fn superseded_projector_does_not_end_the_trust_in_its_successor() {
    let desk = Desk::new(servers::redis());
    desk.project(0).await;
    desk.project(1).await;
    desk.mark_ready(2).await;
    assert_eq!(desk.project(1).await, Applied::Refused);
    assert_eq!(desk.mark_ready(1).await, Applied::Refused);
    assert_eq!(desk.read().await, Some(2));
}

#[tokio::test]
async fn flushed_server_is_bypassed_until_it_is_rebuilt() {
    let server = PrivateRedis::start().await;
    let desk = Desk::new(server.options());
    desk.project(0).await;
    desk.project(1).await;
    desk.mark_ready(2).await;
    assert_eq!(desk.read().await, Some(2));

    server.command::<()>(&["FLUSHALL"]).await;
    assert_eq!(desk.read().await, None);
    assert_eq!(desk.project(2).await, Applied::Refused);
    let found = desk
        .projector
        .checkpoint(VIEW, desk.partition)
        .await
        .unwrap();
    assert_eq!(found, Checkpoint::default());

    assert_eq!(desk.project(0).await, Applied::Written);
    assert_eq!(desk.read().await, None);
    desk.project(1).await;
    desk.mark_ready(2).await;
    assert_eq!(desk.read().await, Some(2));
}

#[tokio::test]
async fn restarted_server_is_rebuilt_though_it_forgot_the_scripts() {
    let mut server = PrivateRedis::start().await;
    let desk = Desk::new(server.options());
    desk.project(0).await;
    desk.mark_ready(1).await;
    server.kill().await;
    assert_eq!(desk.read().await, None);
    server.start_again().await;
    let again = async || desk.projector.apply(desk.batch(0)).await.ok();
    assert_eq!(
        eventually("a new connection", again).await,
        Applied::Written
    );
    let marked = eventually("a new connection", async || Some(desk.mark_ready(1).await));
    assert_eq!(marked.await, Applied::Written);
    let read = eventually("a new connection", async || desk.read().await);
    assert_eq!(read.await, 1);
}

/// An old dump brings its markers back; a lease that had run out by then is dropped by the server.
#[tokio::test]
async fn old_dump_is_bypassed_as_soon_as_the_projector_writes_or_idles() {
    for idles in [false, true] {
        let server = PrivateRedis::start().await;
        let desk = Desk::new(server.options());
        desk.project(0).await;
        desk.mark_ready(1).await;
        server.command::<()>(&["SAVE"]).await;
        desk.project(1).await;
        assert_eq!(desk.read().await, Some(2));
        server
            .command::<()>(&["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"])
            .await;
        if idles {
            assert_eq!(desk.mark_ready(2).await, Applied::Refused);
        } else {
            assert_eq!(desk.project(2).await, Applied::Refused);
        }
        assert_eq!(desk.read().await, None);
        assert_eq!(desk.project(1).await, Applied::Written);
        desk.mark_ready(2).await;
        assert_eq!(desk.read().await, Some(2));
    }
}

#[tokio::test]
async fn trust_expires_when_the_projector_is_gone() {
    let mut options = servers::redis();
    options.ready_lease = Duration::from_millis(30);
    let desk = Desk::new(options);
    desk.project(0).await;
    desk.mark_ready(1).await;
    let expired = async || desk.read().await.is_none().then_some(());
    eventually("the lease to end", expired).await;
}

#[tokio::test]
async fn batch_renews_the_lease() {
    let desk = Desk::new(servers::redis());
    desk.project(0).await;
    desk.mark_ready(1).await;
    let url = &desk.options.url;
    let marker = format!("{}{VIEW}:ready:{}", desk.options.prefix, desk.partition);
    let shortened: bool = command(url, &["PEXPIRE", &marker, "5000"]).await.unwrap();
    assert!(shortened, "the marker is there");
    desk.project(1).await;
    let left: u64 = command(url, &["PTTL", &marker]).await.unwrap();
    assert!(left > 5_000, "{left} ms are left");
}

#[tokio::test]
async fn reader_is_sent_elsewhere_while_the_view_is_cleared() {
    let desk = Desk::new(servers::redis());
    let mut batch = desk.batch(0);
    let (_, value) = batch.puts[0].clone();
    let keys = (0..40_000).map(|n| Arc::<str>::from(format!("demo/{n}")));
    let keys = keys.filter(|key| partition_of(key.as_bytes(), PARTITIONS) == desk.partition);
    batch.puts.extend(keys.map(|key| (key, value.clone())));
    desk.projector.apply(batch).await.unwrap();

    let cleared = Cell::new(false);
    let clear = async {
        desk.projector.clear(VIEW).await.unwrap();
        cleared.set(true);
    };
    let vouch_and_read = async {
        while !cleared.get() {
            desk.mark_ready(1).await;
            // Panics when the value is gone and seems never to have been.
            desk.read().await;
        }
    };
    join(clear, vouch_and_read).await;
    assert_eq!(desk.read().await, None);
}

#[tokio::test]
async fn server_that_evicts_values_is_never_ready() {
    let server = PrivateRedis::start().await;
    let desk = Desk::new(server.options());
    desk.project(0).await;
    desk.mark_ready(1).await;
    assert_eq!(desk.read().await, Some(1));
    server
        .command::<()>(&["CONFIG", "SET", "maxmemory", "1gb"])
        .await;
    for (policy, ready) in [
        ("allkeys-lru", false),
        ("volatile-ttl", true),
        ("noeviction", true),
    ] {
        server
            .command::<()>(&["CONFIG", "SET", "maxmemory-policy", policy])
            .await;
        let marked = desk.projector.mark_ready(VIEW, desk.partition, at(1)).await;
        assert_eq!(marked.is_ok(), ready, "{policy}");
        assert_eq!(desk.read().await, ready.then_some(1), "{policy}");
    }
}

#[tokio::test]
async fn full_server_refuses_a_batch_whole() {
    let server = PrivateRedis::start().await;
    let desk = Desk::new(server.options());
    desk.project(0).await;
    desk.mark_ready(1).await;
    server
        .command::<()>(&["CONFIG", "SET", "maxmemory", "1mb"])
        .await;
    let fault = desk.projector.apply(desk.batch(1)).await;
    assert!(fault.is_err(), "there is no room");
    assert_eq!(desk.read().await, Some(1));
    let held = desk
        .projector
        .checkpoint(VIEW, desk.partition)
        .await
        .unwrap();
    assert_eq!(held, at(1));
}

#[tokio::test]
async fn key_of_another_partition_is_refused() {
    let desk = Desk::new(servers::redis());
    let mut batch = desk.batch(0);
    batch.partition = (desk.partition + 1) % PARTITIONS;
    assert!(desk.projector.apply(batch).await.is_err());
}
