//! The gateway: accepts commands and answers queries over HTTP.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use analytics::{AskAdherence, AskAgentFigures, AskFigures, AskStaffing};
use anyhow::Context as _;
use futures::future::FutureExt;
use gateway::{
    Admission, Answers, Bodies, Endpoint, Gate, Gateway, Limiter, LimiterPorts, OfCalculation,
    OfProjection, Quotas, Recent, SignIn, ViewExtension,
};
use http::auth::Members;
use matching::{
    CheckQueues, DecisionOfAgent, LiveQueue, MatchConversation, Matcher, NoteHeartbeats, Pulse,
};
use pipeline::{Live, LivePorts, LiveSettings, Query, SystemClock};
use readmodel::MemoryRates;
use routing::AskFloor;

use super::members::Known;
use super::process::{Process, Tasks};
use super::sign_in::sign_in;
use super::table::{Need, Role};
use super::{Platform, console};
use crate::{config, slices};

pub(super) const ROLE: Role = Role {
    name: "gateway",
    needs: &[
        Need::Callers,
        Need::Floor,
        Need::Figures,
        Need::Directory,
        Need::Roll,
    ],
    start,
};

fn start(process: &Process<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let (platform, halt) = (process.platform, &process.halt);
    let listener = process.listener.as_ref();
    let listener = listener
        .context("the gateway has no listener")?
        .try_clone()?;
    let pulse = Pulse::new(Arc::clone(&platform.ports.heartbeats));
    let sign_in = sign_in(platform, listener.local_addr()?)?;
    let gateway = gateway(process, Arc::clone(&pulse), sign_in)?;
    let views = gateway.query.clone().watch(halt.clone());
    tasks.work("gateway/views", views.map(Ok));
    tasks.work(
        "gateway/live",
        gateway.live.clone().run(halt.clone()).map(Ok),
    );
    let answers = Arc::clone(&gateway.answers).run(halt.clone());
    tasks.work("gateway/answers", answers.map(Ok));
    tasks.work("gateway/pulse", pulse.run(halt.clone()).map(Ok));
    let verifier = platform.ports.issuers.verifier();
    let (health, metrics) = (
        Data::new(Arc::clone(&process.health)),
        process.metrics.clone(),
    );
    let members: Arc<dyn Members> = Arc::new(Known::new(platform));
    let members = Data::from(members);
    let beside = move |config: &mut ServiceConfig| {
        config
            .app_data(Data::clone(&members))
            .app_data(Data::clone(&health))
            .app_data(Data::clone(&metrics))
            .configure(health::routes);
    };
    let workers = platform.config.http.workers;
    let server = gateway::server(listener, workers, Arc::new(gateway), verifier, beside)?;
    let serve = gateway::serve(server, process.stop.clone());
    tasks.serve("gateway/http", serve.map(|served| Ok(served?)));
    Ok(())
}

fn gateway(process: &Process<'_>, pulse: Arc<Pulse>, sign_in: SignIn) -> anyhow::Result<Gateway> {
    let (platform, matcher) = (process.platform, process.matcher()?);
    let ports = &platform.ports;
    let table = slices::table();
    let gate = Gate::new(Arc::clone(&platform.access), table.permissions());
    let query = process.query.clone().context("the gateway has no query")?;
    Ok(Gateway {
        live: live(process, &query),
        answers: Arc::new(Answers::new(Arc::new(SystemClock))),
        table,
        gate,
        limiter: limiter(platform),
        sign_in,
        acceptor: matcher.acceptor.clone(),
        query,
        reader: Arc::clone(&ports.reader),
        dead_letters: Arc::clone(&ports.dead_letters),
        reader_guard: Arc::clone(&ports.inbox_guard),
        bindings: Arc::clone(&ports.bindings),
        bindings_guard: Arc::clone(&ports.bindings_guard),
        keys: platform.keys.records.clone(),
        partitions: platform.config.partitions(),
        venues: platform.config.known_venues(),
        clock: Arc::new(SystemClock),
        admissions: admissions(platform, pulse),
        extensions: vec![extension(platform)],
        endpoints: [endpoints(platform, matcher), console::endpoints(process)].concat(),
        recent: Recent::default(),
        document: Bodies::new(slices::OPENAPI),
    })
}

fn limiter(platform: &Platform) -> Limiter {
    let (ports, limits) = (&platform.ports, &platform.config.limits);
    let quotas = |of: &config::Quotas| Quotas::new(of.commands_per_s, of.reads_per_s);
    let tenants = limits.tenants.iter();
    let tenants = tenants.map(|(tenant, of)| (tenant.clone(), quotas(of)));
    let counting = LimiterPorts {
        rates: Arc::clone(&ports.rates),
        guard: Arc::clone(&ports.rates_guard),
        alone: Arc::new(MemoryRates::default()),
    };
    let (tenant, principal) = (quotas(&limits.tenant), quotas(&limits.principal));
    Limiter::new(counting, tenant, tenants.collect(), principal)
}

/// Streams end when callers are served no longer.
fn live(process: &Process<'_>, query: &Query) -> Live {
    let (platform, config) = (process.platform, &process.platform.config);
    let ports = LivePorts {
        event_log: Arc::clone(&platform.ports.event_log),
        streams: Arc::clone(&platform.ports.reader),
        query: query.clone(),
        movement: platform.movement.clone(),
    };
    let settings = LiveSettings {
        streams_max: config.live.streams_max,
        tenant_streams_max: config.live.tenant_streams_max,
        waiting_bytes_max: config.live.waiting_bytes_max,
        recent_bytes_max: config.live.recent_bytes_max,
        resume_events_max: config.live.resume_events_max,
        cached_values_max: config.live.cached_values_max,
    };
    // Other keys are another installation.
    let installation = platform.keys.records.sign("live", &[], &[]);
    let (views, partitions) = (&platform.slices.views, config.partitions());
    let stop = process.stop.clone();
    let installation = installation.as_bytes();
    Live::new(views, partitions, installation, ports, settings, stop)
}

fn admissions(platform: &Platform, pulse: Arc<Pulse>) -> Vec<Arc<dyn Admission>> {
    let catalogue = &platform.config.catalogue;
    vec![
        Arc::new(NoteHeartbeats {
            floor: platform.floor.clone(),
            pulse,
            clock: Arc::new(SystemClock),
        }),
        Arc::new(CheckQueues {
            floor: platform.floor.clone(),
            policy: catalogue.unknown_queues,
            tenants: catalogue.tenants.clone(),
        }),
    ]
}

fn extension(platform: &Platform) -> Arc<dyn ViewExtension> {
    let floor = platform.floor.clone();
    Arc::new(DecisionOfAgent { floor })
}

/// One for each of [`slices::questions`], those of operators aside.
fn endpoints(platform: &Platform, matcher: Matcher) -> Vec<Arc<dyn Endpoint>> {
    let (floor, metrics) = (platform.floor.clone(), platform.metrics.clone());
    vec![
        Arc::new(OfProjection::<AskFloor>::new(floor.clone())),
        Arc::new(OfProjection::<AskFigures>::new(metrics.clone())),
        Arc::new(OfProjection::<AskAgentFigures>::new(metrics.clone())),
        Arc::new(OfProjection::<AskAdherence>::new(metrics.clone())),
        Arc::new(OfCalculation::<AskStaffing>::default()),
        Arc::new(LiveQueue { floor, metrics }),
        Arc::new(MatchConversation { matcher }),
    ]
}
