//! What production depends on, and how it is asked whether it is well.

use std::sync::Arc;

use eventstore::PostgresEventStore;
use futures::future::{BoxFuture, FutureExt};
use kernel::Fault;
use kernel::port::{ReadModel as _, ViewId};
use log::KafkaLog;
use readmodel::RedisReadModel;
use registry::RegistryFraming;

use super::installation::Installation;
use health::{Check, Checks, Failing, Part};

/// Asked of Redis: nothing has that name.
const PROBE: ViewId = ViewId {
    name: "ready",
    version: 1,
};

/// Whom it asks.
pub(super) struct Asked<'a> {
    pub(super) store: &'a Arc<PostgresEventStore>,
    pub(super) redis: &'a RedisReadModel,
    pub(super) kafka: &'a Arc<KafkaLog>,
    pub(super) framing: Option<&'a Arc<RegistryFraming>>,
}

impl Asked<'_> {
    pub(super) fn checks(&self, installation: &Installation) -> Checks {
        let quick = [self.kafka(), self.postgres(), self.redis()];
        Checks {
            quick: quick.into_iter().chain(self.registry()).collect(),
            slow: vec![partitions(installation), self.topics(installation)],
            read_from: &["redis", "postgres"],
        }
    }

    fn kafka(&self) -> Check {
        let kafka = Arc::clone(self.kafka);
        away("kafka", &[Part::Commands, Part::Workers], move || {
            let kafka = Arc::clone(&kafka);
            async move { kafka.ping().await }.boxed()
        })
    }

    /// Commands are taken without it, and wait.
    fn postgres(&self) -> Check {
        let store = Arc::clone(self.store);
        away("postgres", &[Part::Workers], move || {
            let store = Arc::clone(&store);
            async move { store.ping().await }.boxed()
        })
    }

    /// Everything works without it, more slowly.
    fn redis(&self) -> Check {
        let redis = self.redis.clone();
        away("redis", &[], move || {
            let redis = redis.clone();
            async move { redis.checkpoint(PROBE, 0).await.map(drop) }.boxed()
        })
    }

    fn registry(&self) -> Option<Check> {
        let framing = self.framing.cloned()?;
        Some(Check {
            name: "registry",
            failing: Failing::Away,
            needed_by: &[Part::Commands, Part::Workers],
            ask: Box::new(move || std::future::ready(framing.ready()).boxed()),
        })
    }

    /// Whether topics are kept permanently, as the source of truth is.
    fn topics(&self, installation: &Installation) -> Check {
        let (kafka, installation) = (Arc::clone(self.kafka), installation.clone());
        Check {
            name: "topics",
            failing: Failing::Risk,
            needed_by: &[],
            ask: Box::new(move || {
                let (kafka, installation) = (Arc::clone(&kafka), installation.clone());
                async move {
                    let contexts = installation.slices.names();
                    let partitions = installation.config.kafka.partitions;
                    let unsafe_topics = kafka.unsafe_topics(&contexts, partitions).await;
                    listed(unsafe_topics.unwrap_or_default())
                }
                .boxed()
            }),
        }
    }
}

/// Whether there are as many partitions as when this process began: keys are elsewhere otherwise.
/// Another check reports a broker that is away.
fn partitions(installation: &Installation) -> Check {
    let installation = installation.clone();
    Check {
        name: "partitions",
        failing: Failing::Defect,
        needed_by: &[Part::Commands, Part::Workers],
        ask: Box::new(move || {
            let installation = installation.clone();
            async move {
                let obstacles = installation.broker().await.unwrap_or_default();
                listed(obstacles.into_iter().map(|one| one.what).collect())
            }
            .boxed()
        }),
    }
}

fn listed(wrong: Vec<String>) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("; "))
}

/// A server that may be away.
fn away(
    name: &'static str,
    needed_by: &'static [Part],
    ask: impl Fn() -> BoxFuture<'static, Result<(), Fault>> + Send + Sync + 'static,
) -> Check {
    Check {
        name,
        failing: Failing::Away,
        needed_by,
        ask: Box::new(move || {
            let asked = ask();
            async move { asked.await.map_err(|fault| fault.to_string()) }.boxed()
        }),
    }
}
