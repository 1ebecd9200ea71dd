//! What serves callers: the gateway, the live projections it answers from, and the router that matches with them.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use futures::future::FutureExt;
use http::auth::Verifier;
use kernel::port::{Ids as _, Pace};
use kernel::{Actor, AggregateId, LiveProjection};
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::accept::{Acceptor, Inbox};
use pipeline::{FoldSaving, FollowPorts, Followed, Query, QueryPorts, QuerySettings};
use tokio_util::sync::CancellationToken;

use super::{Platform, Task, dear};
use crate::gateway::{self, Gateway, Pulse};
use crate::health::Health;
use crate::router::{Dispatcher, Duty, Matcher, Vigil};
use crate::seams::{SystemClock, SystemIds};
use crate::venues::Venues;

/// Longest time one question may take before the chain gives up.
const QUERY_DEADLINE: Duration = Duration::from_secs(3);

/// What the gateway is bound to, and what it shows beside its own.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) health: Data<Arc<Health>>,
    pub(super) metrics: Data<PrometheusHandle>,
}

impl Platform {
    pub(super) fn query(&self) -> anyhow::Result<Query> {
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
            dear: dear::threads(&self.config.query)?,
            clock: Arc::new(SystemClock),
        };
        Ok(Query::new(ports, &self.slices.views, settings))
    }

    pub(super) fn gateway(
        &self,
        door: Door,
        query: Query,
        matcher: &Matcher,
        pulse: Arc<Pulse>,
        stop: &CancellationToken,
    ) -> anyhow::Result<(&'static str, Task)> {
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
            recent: Gateway::recent(),
            matcher: matcher.clone(),
            venues: Venues::new(&self.config.venues),
            pulse,
            catalogue: self.config.catalogue.clone(),
            metrics: self.metrics.clone(),
        };
        let trusted = vec![self.keys.tokens.trusted()];
        let verifier = Verifier::new(trusted, &self.config.auth.audience, Arc::new(SystemClock));
        let server = gateway::server(
            door.listener,
            self.config.http.workers,
            Arc::new(gateway),
            verifier,
            door.health,
            door.metrics,
        )?;
        Ok(("gateway", gateway::serve(server, stop.clone()).boxed()))
    }

    pub(super) fn matcher(&self) -> anyhow::Result<Matcher> {
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
    pub(super) fn asking(
        &self,
        matcher: &Matcher,
        stop: &CancellationToken,
    ) -> [(&'static str, Task); 2] {
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

    pub(super) fn following<R: LiveProjection>(
        &self,
        followed: &Followed<R>,
        pace: Pace,
        stop: &CancellationToken,
    ) -> Task {
        let follow = followed.clone();
        let ports = FollowPorts {
            snapshots: Some(FoldSaving::new(Arc::clone(&self.ports.folds))),
            ..self.follow_ports()
        };
        let follow = follow.follow(ports, pace, stop.clone());
        follow.map(Ok).boxed()
    }

    /// For who reads all events and keeps nothing.
    pub(crate) fn follow_ports(&self) -> FollowPorts {
        FollowPorts {
            event_log: Arc::clone(&self.ports.event_log),
            streams: Arc::clone(&self.ports.reader),
            snapshots: None,
            movement: self.movement.clone(),
        }
    }

    pub(super) fn router(
        &self,
        matcher: &Matcher,
        stop: &CancellationToken,
    ) -> anyhow::Result<[(&'static str, Task); 3]> {
        let actor = Actor::router();
        let partitions = self.config.partitions();
        let dispatcher = Dispatcher::new(matcher.clone(), actor.clone(), partitions);
        let duty = Duty::new(matcher.clone(), actor.clone());
        let heartbeats = Arc::clone(&self.ports.heartbeats);
        let vigil = Vigil::new(matcher.clone(), actor, heartbeats);
        let log = Arc::clone(&self.ports.event_log);
        Ok([
            ("router", dispatcher.run(log, stop.clone()).map(Ok).boxed()),
            ("duty", duty.run(stop.clone()).map(Ok).boxed()),
            ("vigil", vigil.run(stop.clone()).map(Ok).boxed()),
        ])
    }
}
