//! Whether what runs there is the installation that the configuration describes. Asked before any
//! work, and of whatever is away at the start as soon as it answers.

use std::fmt;
use std::time::Duration;

use eventstore::postgres::{Installed, Look};
use identity::Fingerprints;
use kernel::Fault;
use kernel::installation::Obstacle;
use pipeline::Slices;
use readmodel::PostgresReadModel;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::kafka_settings;
use crate::config::Config;

/// How often one that is away is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What must be removed before anything is done on it.
#[derive(Debug, thiserror::Error)]
#[error("this installation cannot be worked on: {}", Listed(.0))]
pub(crate) struct Unfit(Vec<Obstacle>);

impl Unfit {
    fn unless_none(obstacles: Vec<Obstacle>) -> Result<(), Self> {
        if obstacles.is_empty() {
            return Ok(());
        }
        Err(Self(obstacles))
    }
}

/// Obstacles, those with one remedy together.
struct Listed<'a>(&'a [Obstacle]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.0.chunk_by(|one, next| one.remedy == next.remedy);
        for (place, group) in groups.enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            let whats: Vec<_> = group.iter().map(|one| one.what.as_str()).collect();
            write!(f, "{}: {}", whats.join(", "), group[0].remedy)?;
        }
        Ok(())
    }
}

/// Database and broker of an installation.
#[derive(Clone)]
pub(super) struct Installation {
    pub(super) config: Config,
    pub(super) slices: Slices,
}

impl Installation {
    pub(super) fn contexts(&self) -> Vec<Installed> {
        let contexts = self.slices.contexts.iter();
        contexts
            .map(|context| Installed {
                context: context.name,
                aggregate_type: context.aggregate_type,
                partitions: self.config.kafka.partitions,
            })
            .collect()
    }

    pub(super) async fn database(&self) -> Result<Look, Fault> {
        let views = self.slices.views.iter().map(|view| view.id);
        let tables = views
            .chain(self.slices.progress())
            .map(PostgresReadModel::table);
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        eventstore::postgres::look(&self.config.postgres.url, &self.contexts(), &tables).await
    }

    pub(super) async fn broker(&self) -> Result<Vec<Obstacle>, Fault> {
        let settings = kafka_settings(&self.config);
        let partitions = self.config.kafka.partitions;
        log::kafka::look(&settings, &self.slices.names(), partitions).await
    }

    /// Both at once; fails when one of them answers and does not fit.
    pub(super) async fn look(self) -> Result<Seen, Unfit> {
        let (database, broker) = tokio::join!(self.database(), self.broker());
        let mut obstacles = Vec::new();
        for found in [
            database.as_ref().ok().map(|look| &look.obstacles),
            broker.as_ref().ok(),
        ] {
            obstacles.extend(found.into_iter().flatten().cloned());
        }
        Unfit::unless_none(obstacles)?;
        for fault in [database.as_ref().err(), broker.as_ref().err()]
            .into_iter()
            .flatten()
        {
            warn!(
                error = fault as &dyn std::error::Error,
                "cannot be asked at the start whether the installation fits, will be when it answers"
            );
        }
        Ok(Seen {
            away: Away {
                database: database.is_err(),
                broker: broker.is_err(),
            },
            database,
            installation: self,
        })
    }
}

/// What was seen at the start.
pub(super) struct Seen {
    pub(super) installation: Installation,
    pub(super) database: Result<Look, Fault>,
    pub(super) away: Away,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Away {
    database: bool,
    broker: bool,
}

/// What has not been seen yet, and the keys that have to fit it.
#[derive(Clone)]
pub(super) struct Unseen {
    pub(super) installation: Installation,
    pub(super) fingerprints: Fingerprints,
    pub(super) away: Away,
}

impl Unseen {
    pub(super) fn of(seen: Seen, fingerprints: Fingerprints) -> Option<Self> {
        let Seen {
            installation, away, ..
        } = seen;
        (away.database || away.broker).then_some(Self {
            installation,
            fingerprints,
            away,
        })
    }

    /// Asks until all have answered; fails when one does not fit. Ends with `stop`.
    pub(super) async fn watch(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        while !stop.is_cancelled() && (self.away.database || self.away.broker) {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            if self.away.database
                && let Ok(look) = self.installation.database().await
            {
                Unfit::unless_none(look.obstacles)?;
                self.fingerprints.agree(&look.keys)?;
                self.away.database = false;
                info!(
                    dependency = "postgres",
                    "answers, and the installation fits"
                );
            }
            if self.away.broker
                && let Ok(obstacles) = self.installation.broker().await
            {
                Unfit::unless_none(obstacles)?;
                self.away.broker = false;
                info!(dependency = "kafka", "answers, and the installation fits");
            }
        }
        stop.cancelled().await;
        Ok(())
    }
}
