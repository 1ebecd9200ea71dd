//! Stored rows that are not what was written: no reader is given them, and a view's value is repaired.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use eventstore::MemoryEventStore;
use kernel::batch::Batch;
use kernel::checksum::{Checksum, Damaged};
use kernel::port::{
    Applied, Checkpoint, EventLog as _, EventReader as _, EventStore as _, Listed, ReadModel,
    ViewBatch, ViewId, ViewValue,
};
use kernel::topic::PartitionId;
use kernel::{Context as _, Fault, Parameters};
use log::MemoryEventLog;
use pipeline::{Demand, Movement, ProjectorPorts, ProjectorSettings, Unanswered, Until};
use readmodel::MemoryReadModel;
use testkit::contract::PARTITIONS;
use testkit::{ManualClock, eventually};
use tokio_util::sync::CancellationToken;
use trades::Trade;

use crate::desk::{Desk, partition_of};
use crate::queries::{KEY, query, view};
use crate::stores::NEVER;

const WITHIN: Duration = Duration::from_secs(30);

/// A read model in which values can be damaged; a rewritten one is sound again.
#[derive(Clone, Default)]
struct Model {
    values: MemoryReadModel,
    damaged: Arc<Mutex<HashSet<Arc<str>>>>,
}

impl Model {
    fn damage(&self, key: &str) {
        self.damaged.lock().unwrap().insert(key.into());
    }

    fn is_sound(&self) -> bool {
        self.damaged.lock().unwrap().is_empty()
    }

    fn check(&self, key: &str) -> Result<(), Fault> {
        if !self.damaged.lock().unwrap().contains(key) {
            return Ok(());
        }
        let damaged = Damaged::new(format!("value of {key}"), "as the test wants it");
        Err(Fault::new("model", "read a value", damaged))
    }
}

#[async_trait]
impl ReadModel for Model {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        self.values.checkpoint(view, partition).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let keys: Vec<_> = batch.puts.iter().map(|(key, _)| Arc::clone(key)).collect();
        let applied = self.values.apply(batch).await?;
        if applied == Applied::Written {
            let mut damaged = self.damaged.lock().unwrap();
            damaged.retain(|key| !keys.contains(key));
        }
        Ok(applied)
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        keys.iter().try_for_each(|key| self.check(key))?;
        self.values.get(view, keys).await
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        self.values.list(view, prefix, after, max).await
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        self.values.clear(view).await
    }
}

/// Two trades, a log of their events and a model of them.
struct Site {
    desk: Desk,
    store: MemoryEventStore,
    log: Arc<MemoryEventLog>,
    model: Model,
}

impl Site {
    async fn of_two_trades() -> Self {
        let clock = Arc::new(ManualClock::default());
        let mut site = Self {
            desk: Desk::open(),
            store: MemoryEventStore::default(),
            log: Arc::new(MemoryEventLog::new(PARTITIONS, clock)),
            model: Model::default(),
        };
        for trade in ["T-1", "T-2"] {
            site.desk.book(trade).await;
        }
        site.project().await;
        site
    }

    /// Handles what was sent, publishes it and folds it into the model, from a cold start.
    async fn project(&mut self) {
        self.desk.handle(&self.store, NEVER).await;
        for partition in 0..PARTITIONS {
            let partition_id = PartitionId {
                context: Trade::NAME,
                partition,
            };
            let published = self
                .log
                .span(partition_id)
                .await
                .unwrap()
                .map_or(0, |span| span.last);
            let rows = self
                .store
                .read(partition_id, published, 1_000)
                .await
                .unwrap();
            let events = rows.into_iter().map(|row| row.record).collect();
            self.log.publish(partition_id, events).await.unwrap();
        }
        let ports = ProjectorPorts {
            event_log: Arc::clone(&self.log) as _,
            streams: Arc::new(self.store.clone()),
            model: Arc::new(self.model.clone()),
            model_name: "model",
            movement: Movement::default(),
        };
        let settings = ProjectorSettings {
            partitions: PARTITIONS,
            batch_events_max: 10,
            linger: Duration::ZERO,
            cached_values_max: 10,
        };
        let stop = CancellationToken::new();
        let projector = (view().project)(ports, settings, stop.clone());
        let projected = async {
            eventually("every event to be projected", WITHIN, async || {
                self.is_projected().await.then_some(())
            })
            .await;
            stop.cancel();
        };
        tokio::join!(projector, projected);
    }

    async fn is_projected(&self) -> bool {
        for partition in 0..PARTITIONS {
            let partition_id = PartitionId {
                context: Trade::NAME,
                partition,
            };
            let published = self
                .log
                .span(partition_id)
                .await
                .unwrap()
                .map_or(0, |span| span.last);
            let seen = self.model.checkpoint(view().id, partition).await.unwrap();
            if seen.log_position < published {
                return false;
            }
        }
        true
    }

    /// The value as folded from the events.
    async fn folded(&self) -> ViewValue {
        let query = query(&MemoryReadModel::default(), &self.store);
        let parameters = Parameters::default();
        let folded = query
            .folded(&view(), &KEY.into(), Until::Now, &parameters)
            .await;
        folded.unwrap().value.unwrap()
    }
}

#[tokio::test]
async fn damaged_value_is_answered_from_the_events_and_the_answer_says_so() {
    let site = Site::of_two_trades().await;
    site.model.damage(KEY);
    let query = query(&site.model, &site.store);
    query.look().await;
    // As often as it is asked for: it is no evidence against the model.
    for _ in 0..50 {
        let answer = query.get(&view(), &KEY.into(), Demand::default()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.value, Some(site.folded().await));
        assert_eq!(
            (answer.source, &*answer.degraded),
            ("events", &["model"][..])
        );
    }
    let other = query
        .get(&view(), &"demo/T-2".into(), Demand::default())
        .await;
    assert_eq!(other.unwrap().source, "model");
}

#[tokio::test]
async fn damaged_value_is_mended_with_the_next_event_of_its_key() {
    let mut site = Site::of_two_trades().await;
    site.model.damage(KEY);
    site.desk.fill("T-2", 1, 5).await;
    site.project().await;
    assert!(!site.model.is_sound(), "nothing has come for its key");
    for number in 1..4 {
        site.desk.fill("T-1", number, 10).await;
    }
    site.project().await;
    assert!(site.model.is_sound());
    let values = site.model.get(view().id, &[KEY.into()]).await.unwrap();
    assert_eq!(values, [Some(site.folded().await)]);
}

#[tokio::test]
async fn value_ahead_of_a_lost_checkpoint_is_not_folded_into_twice() {
    let mut site = Site::of_two_trades().await;
    site.desk.fill("T-1", 1, 10).await;
    site.project().await;
    for partition in 0..PARTITIONS {
        let view = view().id;
        let from = site.model.checkpoint(view, partition).await.unwrap();
        let lost = ViewBatch {
            view,
            partition,
            from,
            to: Checkpoint::default(),
            puts: Vec::new(),
        };
        assert_eq!(site.model.apply(lost).await.unwrap(), Applied::Written);
    }
    site.project().await;
    let values = site.model.get(view().id, &[KEY.into()]).await.unwrap();
    assert_eq!(values, [Some(site.folded().await)]);
}

#[tokio::test]
async fn damaged_event_is_folded_into_no_answer() {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    desk.fill("T-1", 1, 5).await;
    desk.handle(&store, NEVER).await;
    let partition_id = partition_of(Trade::NAME, KEY);
    let events = store.read(partition_id, 0, 9).await.unwrap();
    // The same rows again, the last with another checksum.
    let bent = MemoryEventStore::default();
    let cursor = bent
        .take_over(partition_id, kernel::Owner(uuid::Uuid::nil()))
        .await;
    let mut batch = Batch::new(partition_id, cursor.unwrap());
    batch.streams.push(kernel::batch::NewStream {
        stream: 1,
        key: KEY.into(),
    });
    batch.events.clone_from(&events);
    batch.events[1].checksum = Some(Checksum(7));
    bent.commit(&[Arc::new(batch)]).await.unwrap();
    let query = query(&MemoryReadModel::default(), &bent);
    let refused = query.get(&view(), &KEY.into(), Demand::default()).await;
    assert!(
        matches!(&refused, Err(Unanswered::Unavailable { degraded }) if *degraded == ["events"]),
        "{refused:?}"
    );
    let parameters = Parameters::default();
    for until in [Until::Now, Until::LogPosition(2)] {
        let refused = query.folded(&view(), &KEY.into(), until, &parameters).await;
        assert!(
            matches!(refused, Err(Unanswered::Unavailable { .. })),
            "{refused:?}"
        );
    }
}
