//! Roles: what this process does of the pipeline, each a task that has an owner.

mod callers;
mod chosen;
mod dear;
mod supervise;
mod workers;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Data;
use analytics::Metrics;
use anyhow::Context as _;
use futures::future::{BoxFuture, FutureExt};
use kernel::port::{Framing, Pace};
use kernel::topic::Shard;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::accept::Sealer;
use pipeline::{Followed, Movement, Query, Slices};
use routing::Floor;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::demo::Demo;
use crate::gateway::Pulse;
use crate::health::{self, Backlog, Health, Serves};
use crate::ports::{self, LocalKeys, Opened, Ports, Purpose, Unseen};
use crate::seams::{SystemClock, SystemIds};

use callers::Door;
use chosen::Role;
use supervise::{supervise, upkeep};

pub(crate) use chosen::Roles;

/// How often a start looks whether everything has been read.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

type Task = BoxFuture<'static, anyhow::Result<()>>;

/// Everything the roles of one process share.
pub(crate) struct Platform {
    pub(crate) config: Config,
    pub(crate) slices: Slices,
    pub(crate) ports: Ports,
    pub(crate) keys: LocalKeys,
    /// What was away when this was opened, and has to fit all the same.
    unseen: Option<Unseen>,
    pub(crate) sealer: Sealer,
    /// Sends a demo day beside the roles.
    pub(crate) demo: Option<Demo>,
    pub(crate) floor: Followed<Floor>,
    pub(crate) metrics: Followed<Metrics>,
    /// What the workers of this process are about.
    pub(crate) movement: Movement,
}

impl Platform {
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        Self::open_for(Purpose::Serve, config).await
    }

    /// For a look at what is stored, damaged or not.
    pub(crate) async fn inspect(config: Config) -> anyhow::Result<Self> {
        Self::open_for(Purpose::Inspect, config).await
    }

    async fn open_for(purpose: Purpose, config: Config) -> anyhow::Result<Self> {
        let slices = crate::slices::all();
        let Opened {
            ports,
            keys,
            unseen,
        } = ports::open(&config, &slices, purpose).await?;
        let sealer = Sealer {
            authority: Arc::clone(&ports.authority),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            framing: ports
                .framing
                .clone()
                .map(|framing| framing as Arc<dyn Framing>),
        };
        let partitions = config.partitions();
        Ok(Self {
            floor: Followed::new(partitions),
            metrics: Followed::new(partitions),
            config,
            slices,
            ports,
            keys,
            unseen,
            sealer,
            demo: None,
            movement: Movement::default(),
        })
    }

    /// Every partition, or those of one context.
    pub(crate) fn shards(&self, context: Option<&str>) -> anyhow::Result<Vec<Shard>> {
        let names = self.slices.names();
        let chosen = names.iter().copied();
        let chosen: Vec<_> = chosen
            .filter(|name| context.is_none_or(|context| context == *name))
            .collect();
        anyhow::ensure!(
            !chosen.is_empty(),
            "there is no such context; there are {}",
            names.join(", ")
        );
        let partitions = self.config.partitions();
        let of = |context| (0..partitions).map(move |partition| Shard { context, partition });
        Ok(chosen.into_iter().flat_map(of).collect())
    }

    /// The partition at CONTEXT/PARTITION.
    pub(crate) fn shard(&self, place: &str) -> anyhow::Result<Shard> {
        let form = "a partition is CONTEXT/NUMBER";
        let (context, partition) = place.split_once('/').context(form)?;
        let partition: u16 = partition.parse().context(form)?;
        let mut shards = self.shards(Some(context))?.into_iter();
        shards
            .find(|shard| shard.partition == partition)
            .with_context(|| format!("{context} has no partition {partition}"))
    }

    /// Runs the roles until `stop`, or until one of them ends: then all do.
    pub(crate) async fn run(
        &self,
        roles: &Roles,
        listener: Option<TcpListener>,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        // The role that serves callers stops first: their commands are still handled until they
        // have the answers.
        let halt = CancellationToken::new();
        let query = roles.0.contains(&Role::Gateway);
        let query = query.then(|| self.query()).transpose()?;
        let health = self.health(roles, query.clone(), &stop);
        let mut work = vec![
            upkeep(metrics.clone(), halt.clone()),
            (
                "health",
                health::watch(Arc::clone(&health), halt.clone()).boxed(),
            ),
        ];
        let mut serving = Vec::new();
        let matcher = self.matcher()?;
        if health.serves.floor {
            work.extend(self.asking(&matcher, &halt));
        }
        let metrics = Data::new(metrics);
        for role in &roles.0 {
            match role {
                Role::Gateway => {
                    let listener = listener.as_ref().context("the gateway has no listener")?;
                    let door = Door {
                        listener: listener.try_clone()?,
                        health: Data::new(Arc::clone(&health)),
                        metrics: Data::clone(&metrics),
                    };
                    let query = query.clone().context("the gateway has no query")?;
                    let watch = query.clone().watch(halt.clone());
                    work.push(("views", watch.map(Ok).boxed()));
                    let pulse = Pulse::new(Arc::clone(&self.ports.heartbeats));
                    work.push((
                        "pulse",
                        Arc::clone(&pulse).run(halt.clone()).map(Ok).boxed(),
                    ));
                    serving.push(self.gateway(door, query, &matcher, pulse, &stop)?);
                    work.push((
                        "metrics",
                        self.following(&self.metrics, Pace::Leisurely, &halt),
                    ));
                }
                Role::Processor => work.extend(self.processor(&halt)),
                Role::Projector => work.extend(self.projectors(&halt)),
                Role::Reactor => work.extend(self.reactors(&halt)?),
                Role::Router => work.extend(self.router(&matcher, &halt)?),
            }
        }
        if let Some(listener) = listener.filter(|_| !health.serves.callers) {
            let alone = health::serve(listener, health, metrics, halt.clone());
            work.push(("http", alone.boxed()));
        }
        if let Some(unseen) = self.unseen.clone() {
            work.push(("installation", unseen.watch(halt.clone()).boxed()));
        }
        work.extend(self.framing(&halt));
        work.extend(self.demo(&halt));
        supervise(serving, work, stop, halt).await
    }

    fn health(&self, roles: &Roles, query: Option<Query>, stop: &CancellationToken) -> Arc<Health> {
        let asks = |role| roles.0.contains(&role);
        let callers = asks(Role::Gateway);
        Arc::new(Health {
            serves: Serves {
                callers,
                floor: callers || asks(Role::Router),
            },
            checks: Arc::clone(&self.ports.checks),
            movement: self.movement.clone(),
            floor: self.floor.clone(),
            metrics: self.metrics.clone(),
            views: query.map(|query| (query, self.slices.views.clone())),
            backlog: Backlog {
                log: Arc::clone(&self.ports.command_log),
                store: Arc::clone(&self.ports.store),
                contexts: self.slices.names(),
                partitions: self.config.partitions(),
                waiting: Mutex::default(),
            },
            clock: Arc::new(SystemClock),
            slow: Mutex::default(),
            stop: stop.clone(),
        })
    }

    /// Ends when everything has been read that these roles hold in memory.
    pub(crate) async fn has_read(&self, roles: &Roles) {
        let asks = |role| roles.0.contains(&role);
        let floor = asks(Role::Gateway) || asks(Role::Router);
        let read = || {
            (!floor || self.floor.age().is_some())
                && (!asks(Role::Gateway) || self.metrics.age().is_some())
        };
        while !read() {
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }
}
