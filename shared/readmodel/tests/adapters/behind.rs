//! A model that saves later than it shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};
use kernel::time::Timestamp;
use readmodel::{MemoryReadModel, WriteBehind};
use testkit::eventually;

const VIEW: ViewId = ViewId {
    name: "trade",
    version: 1,
};
const LINGER: Duration = Duration::from_millis(100);
const KEY: &str = "demo/T-1";

/// A durable model that may take no writes.
#[derive(Clone, Default)]
struct Durable {
    model: MemoryReadModel,
    is_full: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
}

#[async_trait]
impl ReadModel for Durable {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        self.model.checkpoint(view, partition).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(Fault::bare("durable", "write"));
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.model.apply(batch).await
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        self.model.get(view, keys).await
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        self.model.list(view, prefix, after, max).await
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        self.model.clear(view).await
    }
}

fn behind(durable: &Durable) -> WriteBehind {
    WriteBehind::new(Arc::new(durable.clone()), LINGER, 1 << 20)
}

fn at(log_position: u64) -> Checkpoint {
    Checkpoint {
        log_position,
        next_offset: log_position.cast_signed(),
    }
}

/// The event at that log position, which changes one key.
async fn apply(model: &impl ReadModel, log_position: u64) -> Applied {
    let value = ViewValue {
        version: log_position,
        partition: 0,
        log_position,
        as_of: Timestamp::default(),
        body: format!("{{\"n\":{log_position}}}").into(),
    };
    let batch = ViewBatch {
        view: VIEW,
        partition: 0,
        from: at(log_position - 1),
        to: at(log_position),
        puts: vec![(KEY.into(), value)],
    };
    model.apply(batch).await.unwrap()
}

async fn version(model: &impl ReadModel) -> u64 {
    let found = model.get(VIEW, &[KEY.into()]).await.unwrap();
    found[0].as_ref().map_or(0, |value| value.version)
}

async fn listed(model: &impl ReadModel) -> Vec<u64> {
    let listed = model.list(VIEW, "demo/", None, 10).await.unwrap();
    listed.iter().map(|(_, value)| value.version).collect()
}

async fn is_saved(durable: &Durable, log_position: u64) {
    eventually("the save", Duration::from_secs(10), async || {
        let saved = durable.checkpoint(VIEW, 0).await.unwrap();
        (saved == at(log_position)).then_some(())
    })
    .await;
    assert_eq!(version(durable).await, log_position);
}

#[tokio::test]
async fn values_are_seen_at_once_and_saved_later_many_as_one() {
    let durable = Durable::default();
    let model = behind(&durable);
    for log_position in 1..=50 {
        assert_eq!(apply(&model, log_position).await, Applied::Written);
        assert_eq!(version(&model).await, log_position);
        assert_eq!(version(&model.in_memory()).await, log_position);
        assert_eq!(listed(&model).await, [log_position]);
    }
    is_saved(&durable, 50).await;
    let writes = durable.writes.load(Ordering::Relaxed);
    assert!(writes < 10, "{writes} writes");
    assert_eq!(
        (version(&model).await, listed(&model).await),
        (50, vec![50])
    );
}

#[tokio::test]
async fn process_that_ends_before_it_has_saved_goes_on_from_what_is_saved() {
    let durable = Durable::default();
    let model = behind(&durable);
    apply(&model, 1).await;
    is_saved(&durable, 1).await;
    apply(&model, 2).await;
    let next = behind(&durable);
    assert_eq!(next.checkpoint(VIEW, 0).await.unwrap(), at(1));
    assert_eq!(
        (version(&next).await, version(&next.in_memory()).await),
        (1, 1)
    );
    assert_eq!(apply(&next, 2).await, Applied::Written);
}

#[tokio::test]
async fn values_that_cannot_be_saved_are_seen_and_saved_when_they_can() {
    let durable = Durable::default();
    let model = behind(&durable);
    durable.is_full.store(true, Ordering::Relaxed);
    for log_position in 1..=3 {
        apply(&model, log_position).await;
    }
    tokio::time::sleep(2 * LINGER).await;
    assert_eq!((version(&model).await, version(&durable).await), (3, 0));
    durable.is_full.store(false, Ordering::Relaxed);
    is_saved(&durable, 3).await;
}

#[tokio::test]
async fn model_that_somebody_else_has_changed_is_begun_again() {
    let durable = Durable::default();
    let model = behind(&durable);
    apply(&model, 1).await;
    is_saved(&durable, 1).await;
    durable.clear(VIEW).await.unwrap();
    apply(&model, 2).await;
    eventually("the beginning", Duration::from_secs(10), async || {
        let seen = model.checkpoint(VIEW, 0).await.unwrap();
        (seen == at(0)).then_some(())
    })
    .await;
    assert_eq!(apply(&model, 3).await, Applied::Refused);
    assert_eq!(apply(&model, 1).await, Applied::Written);
    assert_eq!(version(&model).await, 1);
    is_saved(&durable, 1).await;
}
