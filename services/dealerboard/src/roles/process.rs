//! What the roles of one process share, and the tasks that they start.

use std::future::Future;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use futures::future::FutureExt;
use health::{Backlog, Health, Projection};
use kernel::port::{Clock as _, Ids as _, Pace};
use kernel::{AggregateId, LiveProjection};
use matching::Matcher;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::accept::{Acceptor, Inbox};
use pipeline::{
    FoldSaving, FollowPorts, Followed, Query, QueryPorts, QuerySettings, SystemClock, SystemIds,
};
use simulation::demo::DemoPorts;
use tokio_util::sync::CancellationToken;

use super::table::{Need, Roles};
use super::{Platform, expensive, supervise};
use crate::ports::Task;

/// Longest time one question may take before the chain gives up.
const QUERY_DEADLINE: Duration = Duration::from_secs(3);

/// Tasks that are to run, named `role/part`.
#[derive(Default)]
pub(super) struct Tasks {
    /// End first, by `stop`: whatever their callers wait for continues until they have it.
    serving: Vec<(Box<str>, Task)>,
    /// End by `halt`.
    working: Vec<(Box<str>, Task)>,
}

impl Tasks {
    pub(super) fn serve(
        &mut self,
        name: &str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.serving.push((name.into(), task.boxed()));
    }

    pub(super) fn work(
        &mut self,
        name: &str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.working.push((name.into(), task.boxed()));
    }

    pub(super) async fn supervise(
        self,
        stop: CancellationToken,
        halt: CancellationToken,
    ) -> anyhow::Result<()> {
        supervise::supervise(self.serving, self.working, stop, halt).await
    }
}

/// One process and what its roles need of it.
pub(super) struct Process<'p> {
    pub(super) platform: &'p Platform,
    pub(super) listener: Option<TcpListener>,
    pub(super) query: Option<Query>,
    pub(super) health: Arc<Health>,
    pub(super) metrics: Data<PrometheusHandle>,
    /// Ends what serves callers.
    pub(super) stop: CancellationToken,
    /// Ends the rest, after that.
    pub(super) halt: CancellationToken,
    matcher: Option<Matcher>,
    figures: bool,
    directory: bool,
    roll: bool,
}

impl<'p> Process<'p> {
    pub(super) fn new(
        platform: &'p Platform,
        roles: &Roles,
        listener: Option<TcpListener>,
        metrics: PrometheusHandle,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let query = roles.need(Need::Callers);
        let query = query.then(|| platform.query()).transpose()?;
        let matcher = roles.need(Need::Floor);
        let matcher = matcher.then(|| platform.matcher()).transpose()?;
        Ok(Self {
            health: platform.health(roles, query.clone(), stop),
            metrics: Data::new(metrics),
            stop: stop.clone(),
            halt: CancellationToken::new(),
            platform,
            listener,
            query,
            matcher,
            figures: roles.need(Need::Figures),
            directory: platform.needs_directory(roles),
            roll: platform.needs_roll(roles),
        })
    }

    /// # Errors
    /// No role of the process said that it needs the floor.
    pub(super) fn matcher(&self) -> anyhow::Result<Matcher> {
        self.matcher.clone().context("the process holds no floor")
    }

    /// What every process does, and what its roles need in its memory.
    pub(super) fn upkeep(&self, tasks: &mut Tasks) -> anyhow::Result<()> {
        let (platform, halt) = (self.platform, &self.halt);
        let metrics = self.metrics.get_ref().clone();
        tasks.work("process/metrics", supervise::upkeep(metrics, halt.clone()));
        health::describe_metrics();
        matching::describe_metrics();
        gateway::describe_metrics();
        gateway::describe_sign_in_metrics();
        let health = Arc::clone(&self.health);
        let watch = health::watch(health, halt.clone());
        tasks.work("process/health", watch.map(Ok));
        if let Some(matcher) = &self.matcher {
            self.outcomes(matcher, tasks);
            let floor = follow(platform, &platform.floor, Pace::Prompt, halt);
            tasks.work("process/floor", floor);
        }
        if self.figures {
            let figures = follow(platform, &platform.metrics, Pace::Leisurely, halt);
            tasks.work("process/figures", figures);
        }
        if self.directory {
            let directory = follow(platform, &platform.directory, Pace::Prompt, halt);
            tasks.work("process/directory", directory);
        }
        if self.roll {
            let roll = follow(platform, &platform.roll, Pace::Prompt, halt);
            tasks.work("process/roll", roll);
        }
        if let Some(listener) = self.listener.as_ref().filter(|_| self.query.is_none()) {
            let (health, metrics) = (Arc::clone(&self.health), self.metrics.clone());
            let alone = health::serve(listener.try_clone()?, health, metrics, halt.clone());
            tasks.work("process/http", alone.map(|served| Ok(served?)));
        }
        for (name, work) in &platform.background {
            tasks.work(name, work(halt.clone()));
        }
        self.demo(tasks);
        Ok(())
    }

    /// Outcomes of commands that this process sends and waits for.
    fn outcomes(&self, matcher: &Matcher, tasks: &mut Tasks) {
        let (ports, stop) = (&self.platform.ports, self.halt.clone());
        let (acceptor, replies) = (matcher.acceptor.clone(), Arc::clone(&ports.replies));
        let inbox = Inbox {
            reader: Arc::clone(&ports.reader),
            guard: Arc::clone(&ports.inbox_guard),
        };
        tasks.work("process/outcomes", async move {
            acceptor.listen(replies, inbox, stop).await;
            Ok(())
        });
    }

    fn demo(&self, tasks: &mut Tasks) {
        let (platform, stop) = (self.platform, self.halt.clone());
        let Some(demo) = platform.demo else {
            return;
        };
        let ports = DemoPorts {
            command_log: Arc::clone(&platform.ports.command_log),
            sealer: platform.sealer.clone(),
            reader: Arc::clone(&platform.ports.reader),
            partitions: platform.config.partitions(),
        };
        tasks.work("process/demo", demo.run(ports, stop).map(Ok));
    }
}

/// How health sees a live projection.
fn projection<R: LiveProjection>(followed: &Followed<R>) -> Projection {
    let followed = followed.clone();
    Projection {
        name: R::NAME,
        age: Box::new(move || followed.age()),
        gauge: Box::new(|| {}),
    }
}

fn follow<R: LiveProjection>(
    platform: &Platform,
    followed: &Followed<R>,
    pace: Pace,
    stop: &CancellationToken,
) -> Task {
    let follow = followed.clone();
    let ports = FollowPorts {
        snapshots: Some(FoldSaving::new(Arc::clone(&platform.ports.folds))),
        ..platform.follow_ports()
    };
    let follow = follow.follow(ports, pace, stop.clone());
    follow.map(Ok).boxed()
}

impl Platform {
    fn query(&self) -> anyhow::Result<Query> {
        let settings = QuerySettings {
            partitions: self.config.partitions(),
            deadline: QUERY_DEADLINE,
            log_position_wait: Duration::from_millis(self.config.query.log_position_wait_ms),
            fold_events_max: self.config.query.fold_events_max,
            history_events_max: self.config.query.history_events_max,
            recall_events_max: self.config.query.recall_events_max,
            last_good_max: self.config.query.last_good_max,
        };
        let ports = QueryPorts {
            sources: self.ports.sources.clone(),
            history: self.ports.history.clone(),
            expensive: expensive::threads(&self.config.query)?,
            clock: Arc::new(SystemClock),
        };
        Ok(Query::new(ports, &self.slices.views, settings))
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

    fn health(&self, roles: &Roles, query: Option<Query>, stop: &CancellationToken) -> Arc<Health> {
        Arc::new(Health {
            callers: roles.need(Need::Callers),
            checks: Arc::clone(&self.ports.checks),
            guards: self.ports.guards(),
            movement: self.movement.clone(),
            projections: self.projections(roles),
            views: query.map(|query| (query, self.slices.views.clone())),
            backlog: Backlog {
                log: Arc::clone(&self.ports.command_log),
                store: Arc::clone(&self.ports.store),
                contexts: self.slices.names(),
                partitions: self.config.partitions(),
                waiting: Mutex::default(),
            },
            slow: Mutex::default(),
            stop: stop.clone(),
        })
    }

    /// Those that the roles hold.
    fn projections(&self, roles: &Roles) -> Vec<Projection> {
        let floor = self.floor.clone();
        let floor = Projection {
            gauge: Box::new(move || matching::gauge(&floor, SystemClock.now())),
            ..projection(&self.floor)
        };
        let needed = [
            (roles.need(Need::Floor), floor),
            (roles.need(Need::Figures), projection(&self.metrics)),
            (self.needs_directory(roles), projection(&self.directory)),
            (self.needs_roll(roles), projection(&self.roll)),
        ];
        let needed = needed.into_iter().filter(|(is_needed, _)| *is_needed);
        needed.map(|(_, projection)| projection).collect()
    }
}
