//! The gateway role: HTTP in front of acceptor and query, the same for every context.

mod catalogue;
mod commands;
mod decisions;
mod edited;
mod figures;
mod heartbeats;
mod keys;
mod known;
mod lists;
mod matches;
mod outcomes;
mod readings;
mod reference;
mod staffing;
mod views;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};
use analytics::Metrics;
use http::auth::{Verifier, remember};
use http::edge::edge;
use http::limits::Limits;
use http::signature::Keyring;
use kernel::CommandId;
use kernel::port::{DeadLetters, EventReader, KeyBindings};
use kernel::{Tenant, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use moka::sync::Cache;
use percent_encoding::percent_decode_str;
use pipeline::accept::Acceptor;
use pipeline::{Followed, Query, Slices};
use resilience::Dependency;
use tokio_util::sync::CancellationToken;

use crate::config::Catalogue;
use crate::health::{self, Health};
use crate::router::Matcher;
use crate::venues::Venues;
pub(crate) use heartbeats::Pulse;

/// Longest time that requests under way are given to end when it stops, seconds.
const DRAIN_S: u64 = 10;

/// Commands whose acceptance this instance remembers, to tell pending from unknown.
const RECENT_MAX: u64 = 200_000;
const RECENT_FOR: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// What every handler works with.
pub(crate) struct Gateway {
    pub(crate) slices: Slices,
    pub(crate) acceptor: Acceptor,
    pub(crate) query: Query,
    pub(crate) reader: Arc<dyn EventReader>,
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    pub(crate) reader_guard: Arc<Dependency>,
    pub(crate) bindings: Arc<dyn KeyBindings>,
    pub(crate) bindings_guard: Arc<Dependency>,
    pub(crate) keys: Keyring,
    pub(crate) partitions: u16,
    pub(crate) recent: Cache<CommandId, Tenant>,
    pub(crate) matcher: Matcher,
    pub(crate) venues: Venues,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) catalogue: Catalogue,
    pub(crate) metrics: Followed<Metrics>,
}

/// As handlers are given it: each worker counts its own users, and no core waits for another's count.
type Shared = Data<Arc<Gateway>>;

impl Gateway {
    fn now(&self) -> Timestamp {
        self.matcher.clock.now()
    }

    pub(crate) fn recent() -> Cache<CommandId, Tenant> {
        Cache::builder()
            .max_capacity(RECENT_MAX)
            .time_to_live(RECENT_FOR)
            .build()
    }
}

/// Serves until `stop`, then drains what is under way.
pub(crate) async fn serve(server: Server, stop: CancellationToken) -> anyhow::Result<()> {
    let handle = server.handle();
    let stopping = async {
        stop.cancelled().await;
        handle.stop(true).await;
    };
    let (served, ()) = tokio::join!(server, stopping);
    Ok(served?)
}

/// The server, bound and not yet polled.
pub(crate) fn server(
    listener: TcpListener,
    workers: usize,
    gateway: Arc<Gateway>,
    verifier: Verifier,
    health: Data<Arc<Health>>,
    metrics: Data<PrometheusHandle>,
) -> anyhow::Result<Server> {
    let limits = Limits::default();
    let verifier = Arc::new(verifier);
    let known = Data::new(known::Known::of(&gateway.slices));
    let app = move || {
        App::new()
            .app_data(Data::new(limits))
            .app_data(Shared::new(Arc::clone(&gateway)))
            .app_data(Data::new(verifier.for_worker()))
            .app_data(Data::clone(&health))
            .app_data(Data::clone(&metrics))
            .app_data(Data::clone(&known))
            .configure(|config| routes(config, &gateway.slices))
            .wrap(from_fn(known::known))
            .wrap(from_fn(edge))
    };
    let server = HttpServer::new(app).on_connect(remember);
    let server = limits.of_server(server).disable_signals();
    let mut server = server.shutdown_timeout(DRAIN_S);
    if workers > 0 {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Every path there is. They are tried one after the other, and a pattern is dear to compare: the few
/// of our own come first, then each collection under its name.
fn routes(config: &mut ServiceConfig, slices: &Slices) {
    config.route("/v1/commands/{id}", web::get().to(outcomes::get));
    config.configure(health::routes);
    matches::routes(config);
    heartbeats::routes(config, slices);
    decisions::routes(config, slices);
    readings::routes(config);
    figures::routes(config);
    staffing::routes(config);
    reference::routes(config);
    let paths = paths(slices);
    for paths in paths.chunk_by(|one, next| collection(one) == collection(next)) {
        let name = collection(paths[0]);
        let scope = paths.iter().fold(web::scope(name), |scope, path| {
            scope.service(resource(path, &path[name.len()..], slices))
        });
        config.service(scope);
    }
}

/// The paths that contexts and views bring as data, those of a collection together, views first:
/// they are what is asked for most.
fn paths(slices: &Slices) -> Vec<&'static str> {
    let mut paths: Vec<&'static str> = Vec::new();
    for context in &slices.contexts {
        for route in context.commands {
            paths.push(route.path);
        }
    }
    for view in &slices.views {
        paths.extend([view.route.path, view.route.list]);
    }
    let is_view = |path: &str| slices.views.iter().any(|view| view.route.path == path);
    paths.sort_unstable_by_key(|path| (collection(path), !is_view(path), *path));
    paths.dedup();
    paths
}

/// `/v1/` and the first name behind it.
fn collection(path: &str) -> &str {
    let mut slashes = path.match_indices('/').skip(2);
    let end = slashes.next().map_or(path.len(), |(at, _)| at);
    &path[..end]
}

/// One path with all methods that contexts and views serve on it, so that others are 405. `rest` is
/// what stands behind the name of its collection.
fn resource(path: &'static str, rest: &str, slices: &Slices) -> actix_web::Resource {
    let mut resource = web::resource(rest);
    for context in &slices.contexts {
        for route in context.commands.iter().filter(|route| route.path == path) {
            resource = resource.route(commands::route(*context, *route));
        }
    }
    for view in &slices.views {
        if view.route.path == path {
            resource = resource.route(views::route(*view));
        }
        if view.route.list == path {
            resource = resource.route(lists::route(*view));
        }
    }
    resource
}

/// The path's parameters in the order the pattern names them, joined by `/`. The router leaves `%25`,
/// `%2B` and `%2F` as they are, so that an id with such a character could be sent and never be read.
fn joined_parameters(request: &actix_web::HttpRequest, pattern: &str) -> String {
    let names = pattern
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut joined = String::with_capacity(request.path().len());
    for value in names.filter_map(|name| request.match_info().get(name)) {
        if !joined.is_empty() {
            joined.push('/');
        }
        joined.push_str(&percent_decode_str(value).decode_utf8_lossy());
    }
    joined
}
