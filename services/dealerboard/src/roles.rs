//! Roles: what this process does of the pipeline, each a task that has an owner.

mod chosen;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use analytics::Metrics;
use anyhow::Context as _;
use futures::future::{BoxFuture, FutureExt};
use http::auth::Verifier;
use kernel::port::{Framing, Ids as _, Pace};
use kernel::{Actor, AggregateId, Reading};
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::accept::{Acceptor, Inbox, Sealer};
use pipeline::{
    Backoff, Committer, Followed, ProcessorPorts, ProcessorSettings, ProjectorSettings, Query,
    QuerySettings, ReactorPorts, Slices, TimerKeeper,
};
use routing::Floor;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::demo::{Demo, DemoPorts};
use crate::gateway::{self, Gateway};
use crate::ports::{self, LocalKeys, Opened, Ports, Purpose, Unseen};
use crate::router::{Dispatcher, Duty, Matcher};
use crate::seams::{SystemClock, SystemIds};

use chosen::Role;

pub(crate) use chosen::Roles;

/// Longest time one question may take before the chain gives up.
const QUERY_DEADLINE: Duration = Duration::from_secs(3);
/// Longest time roles may take to finish after a stop.
const DRAIN_WAIT: Duration = Duration::from_secs(20);

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
        })
    }

    /// Runs the roles until `stop`, or until one of them ends: then all do.
    pub(crate) async fn run(
        &self,
        roles: &Roles,
        listener: Option<TcpListener>,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut tasks: Vec<(&'static str, Task)> = vec![upkeep(metrics.clone(), stop.clone())];
        let matcher = self.matcher()?;
        if roles.0.contains(&Role::Gateway) || roles.0.contains(&Role::Router) {
            tasks.extend(self.asking(&matcher, &stop));
        }
        for role in &roles.0 {
            match role {
                Role::Gateway => {
                    let listener = listener.as_ref().context("the gateway has no listener")?;
                    let listener = listener.try_clone()?;
                    tasks.extend(self.gateway(listener, &metrics, &matcher, &stop)?);
                }
                Role::Processor => tasks.extend(self.processor(&stop)),
                Role::Projector => tasks.extend(self.projectors(&stop)),
                Role::Reactor => tasks.extend(self.reactors(&stop)?),
                Role::Router => tasks.extend(self.router(&matcher, &stop)?),
            }
        }
        if let Some(unseen) = self.unseen.clone() {
            tasks.push(("installation", unseen.watch(stop.clone()).boxed()));
        }
        tasks.extend(self.framing(&stop));
        tasks.extend(self.demo(&stop));
        supervise(tasks, stop).await
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

    /// Learns the numbers of our schemas, however long the registry is away: until then nothing is
    /// written to Kafka, and readiness says so.
    fn framing(&self, stop: &CancellationToken) -> Option<(&'static str, Task)> {
        let (framing, stop) = (self.ports.framing.clone()?, stop.clone());
        let work = async move {
            let mut backoff = Backoff::new();
            while !stop.is_cancelled() {
                let learnt = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    learnt = framing.learn() => learnt,
                };
                match learnt {
                    Ok(()) => stop.cancelled().await,
                    Err(error) => {
                        warn!(
                            error = &error as &dyn std::error::Error,
                            "schema numbers are not known, will ask again"
                        );
                        backoff.wait_unless(&stop).await;
                    }
                }
            }
            Ok(())
        };
        Some(("registry", work.boxed()))
    }

    fn demo(&self, stop: &CancellationToken) -> Option<(&'static str, Task)> {
        let ports = DemoPorts {
            command_log: Arc::clone(&self.ports.command_log),
            sealer: self.sealer.clone(),
            reader: Arc::clone(&self.ports.reader),
            partitions: self.config.partitions(),
        };
        let work = self.demo?.run(ports, stop.clone());
        Some(("demo", work.map(Ok).boxed()))
    }

    fn gateway(
        &self,
        listener: TcpListener,
        metrics: &PrometheusHandle,
        matcher: &Matcher,
        stop: &CancellationToken,
    ) -> anyhow::Result<Vec<(&'static str, Task)>> {
        let settings = QuerySettings {
            partitions: self.config.partitions(),
            deadline: QUERY_DEADLINE,
            position_wait: Duration::from_millis(self.config.query.position_wait_ms),
            fold_events_max: self.config.query.fold_events_max,
            history_events_max: self.config.query.history_events_max,
            recall_events_max: self.config.query.recall_events_max,
            last_good_max: self.config.query.last_good_max,
        };
        let query = Query::new(
            self.ports.sources.clone(),
            self.ports.history.clone(),
            settings,
        );
        let gateway = Gateway {
            slices: self.slices.clone(),
            acceptor: matcher.acceptor.clone(),
            query,
            reader: Arc::clone(&self.ports.reader),
            dead_letters: Arc::clone(&self.ports.dead_letters),
            reader_guard: Arc::clone(&self.ports.inbox_guard),
            bindings: Arc::clone(&self.ports.bindings),
            bindings_guard: Arc::clone(&self.ports.bindings_guard),
            keys: self.keys.records.clone(),
            partitions: self.config.partitions(),
            readiness: self.ports.readiness.clone(),
            recent: Gateway::recent(),
            matcher: matcher.clone(),
            metrics: self.metrics.clone(),
        };
        let trusted = vec![self.keys.tokens.trusted()];
        let verifier = Verifier::new(trusted, &self.config.auth.audience, Arc::new(SystemClock));
        let server = gateway::server(
            listener,
            self.config.http.workers,
            Arc::new(gateway),
            verifier,
            Data::new(metrics.clone()),
        )?;
        let serve = gateway::serve(server, stop.clone());
        Ok(vec![
            ("gateway", serve.boxed()),
            (
                "metrics",
                self.following(&self.metrics, Pace::Leisurely, stop),
            ),
        ])
    }

    fn matcher(&self) -> anyhow::Result<Matcher> {
        let instance = AggregateId::new(&format!("gateway-{}", SystemIds.random()))?;
        let log = Arc::clone(&self.ports.command_log);
        Ok(Matcher {
            floor: self.floor.clone(),
            acceptor: Acceptor::new(log, self.sealer.clone(), instance, self.config.partitions()),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        })
    }

    /// What everybody needs who sends commands and waits for their outcomes, and who matches.
    fn asking(&self, matcher: &Matcher, stop: &CancellationToken) -> [(&'static str, Task); 2] {
        let (acceptor, stop_listening) = (matcher.acceptor.clone(), stop.clone());
        let replies = Arc::clone(&self.ports.replies);
        let inbox = Inbox {
            reader: Arc::clone(&self.ports.reader),
            guard: Arc::clone(&self.ports.inbox_guard),
        };
        let listen = async move {
            acceptor.listen(replies, inbox, stop_listening).await;
            Ok(())
        };
        [
            ("replies", listen.boxed()),
            ("floor", self.following(&self.floor, Pace::Prompt, stop)),
        ]
    }

    fn following<R: Reading>(
        &self,
        followed: &Followed<R>,
        pace: Pace,
        stop: &CancellationToken,
    ) -> Task {
        let log = Arc::clone(&self.ports.event_log);
        let follow = followed.clone().follow(log, pace, stop.clone());
        follow.map(Ok).boxed()
    }

    fn router(
        &self,
        matcher: &Matcher,
        stop: &CancellationToken,
    ) -> anyhow::Result<[(&'static str, Task); 2]> {
        let actor = Actor::router();
        let partitions = self.config.partitions();
        let dispatcher = Dispatcher::new(matcher.clone(), actor.clone(), partitions);
        let duty = Duty::new(matcher.clone(), actor);
        let log = Arc::clone(&self.ports.event_log);
        Ok([
            ("router", dispatcher.run(log, stop.clone()).map(Ok).boxed()),
            ("duty", duty.run(stop.clone()).map(Ok).boxed()),
        ])
    }

    fn processor(&self, stop: &CancellationToken) -> Vec<(&'static str, Task)> {
        let ports = ProcessorPorts {
            command_log: Arc::clone(&self.ports.command_log),
            event_log: Arc::clone(&self.ports.event_log),
            store: Arc::clone(&self.ports.store),
            reader: Arc::clone(&self.ports.reader),
            snapshots: Arc::clone(&self.ports.snapshots),
            dead_letters: Arc::clone(&self.ports.dead_letters),
            replies: Arc::clone(&self.ports.replies),
            schemas: self.ports.schemas.clone(),
            sealer: self.sealer.clone(),
            announcing: self.ports.announcing.clone(),
        };
        let settings = ProcessorSettings {
            partitions: self.config.partitions(),
            batch_commands_max: self.config.processor.batch_commands_max,
            cached_aggregates_max: self.config.processor.cached_aggregates_max,
            value_bytes_max: self.config.processor.value_bytes_max,
            snapshot_events_min: self.config.processor.snapshot_events_min,
        };
        let (committer, handle) = Committer::new(Arc::clone(&self.ports.store));
        // The committer outlives its partitions: it ends when the last handle is gone.
        let mut tasks = vec![("committer", committer.run().map(Ok).boxed())];
        for context in &self.slices.contexts {
            let work = (context.process)(ports.clone(), settings, handle.clone(), stop.clone());
            tasks.push((context.name, work.map(Ok).boxed()));
        }
        tasks
    }

    fn projectors(&self, stop: &CancellationToken) -> Vec<(&'static str, Task)> {
        let settings = &self.config.projector;
        let mut tasks = Vec::new();
        for view in &self.slices.views {
            for model in &self.ports.models {
                let linger = if model.durable {
                    settings.durable_linger_ms
                } else {
                    settings.linger_ms
                };
                let work = (view.project)(
                    Arc::clone(&self.ports.event_log),
                    Arc::clone(&self.ports.reader),
                    Arc::clone(&model.model),
                    model.name,
                    ProjectorSettings {
                        batch_events_max: settings.batch_events_max,
                        linger: Duration::from_millis(linger),
                        cached_values_max: settings.cached_values_max,
                    },
                    stop.clone(),
                );
                tasks.push((view.id.name, work.map(Ok).boxed()));
            }
        }
        tasks
    }

    fn reactors(&self, stop: &CancellationToken) -> anyhow::Result<Vec<(&'static str, Task)>> {
        let ports = ReactorPorts {
            event_log: Arc::clone(&self.ports.event_log),
            command_log: Arc::clone(&self.ports.command_log),
            progress: self.ports.progress()?,
            sealer: self.sealer.clone(),
        };
        let keeper = TimerKeeper::new(
            self.slices.names(),
            Arc::clone(&self.ports.timers),
            Arc::clone(&self.ports.command_log),
            Arc::new(SystemClock),
            self.sealer.clone(),
        );
        let mut tasks = vec![("timers", keeper.run(stop.clone()).map(Ok).boxed())];
        for reaction in &self.slices.reactions {
            let work = (reaction.react)(ports.clone(), stop.clone());
            tasks.push((reaction.name, work.map(Ok).boxed()));
        }
        Ok(tasks)
    }
}

/// Owns all tasks. One that ends takes the others down: the orchestrator restarts the process, and
/// nothing limps.
async fn supervise(
    tasks: Vec<(&'static str, Task)>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for (name, task) in tasks {
        running.spawn(async move { (name, task.await) });
    }
    let outcome = tokio::select! {
        // First: told to stop, a role that is quick has ended as well, and that is no failure.
        biased;
        () = stop.cancelled() => Ok(()),
        ended = running.join_next() => {
            stop.cancel();
            let (name, result) = ended.context("there is no role")?.context("a role panicked")?;
            error!(role = name, "role ended, the process stops");
            result.and_then(|()| anyhow::bail!("it ended by itself"))
                .with_context(|| format!("role `{name}` ended"))
        }
    };
    let drained = tokio::time::timeout(DRAIN_WAIT, async {
        while let Some(ended) = running.join_next().await {
            if let Err(failed) = ended {
                error!(
                    error = &failed as &dyn std::error::Error,
                    "role failed while stopping"
                );
            }
        }
    });
    drained
        .await
        .with_context(|| format!("roles did not end within {DRAIN_WAIT:?}"))?;
    info!("all roles have ended");
    outcome
}

fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) -> (&'static str, Task) {
    let work = async move {
        while !stop.is_cancelled() {
            metrics.run_upkeep();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(telemetry::UPKEEP_PERIOD) => {}
            }
        }
        Ok(())
    };
    ("metrics", work.boxed())
}
