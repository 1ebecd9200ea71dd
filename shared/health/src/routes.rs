//! `/livez`, `/readyz`, `/metrics`: beside the routes of a gateway, or alone.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use http::edge::edge;
use http::limits::Limits;
use http::problem::{MEDIA_TYPE, Problem};
use kernel::code::platform;
use kernel::route::PublicRoute;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::report;

type Shared = Data<Arc<Health>>;

/// What `/readyz` may be asked for beside.
const VERBOSE: &str = "verbose";

/// Rows of the route table.
pub const ROUTES: &[PublicRoute] = &[
    PublicRoute::get("/livez", "live", "whether the process answers"),
    PublicRoute::get(
        "/readyz",
        "ready",
        "whether the process should be sent requests, and why not",
    ),
    PublicRoute::get(
        "/readyz/{part}",
        "ready_part",
        "whether a part of the process is ready",
    ),
    PublicRoute::get(
        "/metrics",
        "metrics",
        "the metrics of the process, as Prometheus reads them",
    ),
];

/// Adds them to a server whose data has the [`Health`] and the recorder of metrics.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/livez", web::get().to(live))
        .route("/readyz", web::get().to(ready))
        .route("/readyz/{part}", web::get().to(part))
        .route("/metrics", web::get().to(metrics));
}

/// Serves these routes and no others, until `stop`.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    metrics: Data<PrometheusHandle>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let limits = Limits::default();
    let app = move || {
        App::new()
            .app_data(Data::new(limits))
            .app_data(Shared::new(Arc::clone(&health)))
            .app_data(Data::clone(&metrics))
            .configure(routes)
            .wrap(from_fn(edge))
    };
    let server = limits.of_server(HttpServer::new(app)).disable_signals();
    let server = server.workers(1).listen(listener)?.run();
    let handle = server.handle();
    let stopping = async {
        stop.cancelled().await;
        handle.stop(true).await;
    };
    let (served, ()) = tokio::join!(server, stopping);
    served
}

/// The process answers; dependencies never fail liveness.
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

/// Whether the process should be sent anything, and what of it is ready.
async fn ready(request: HttpRequest, health: Shared) -> HttpResponse {
    let asked = request.query_string();
    let verbose = asked == VERBOSE || asked.starts_with("verbose=");
    let report = health.report().await;
    let whole = report.whole(verbose);
    answer(whole, report.unready.as_deref())
}

/// Whether that part is ready.
async fn part(part: Path<String>, health: Shared) -> Result<HttpResponse, Problem> {
    let report = health.report().await;
    let (value, ready) = report.of(&part).ok_or_else(|| {
        let parts = health.parts().iter().map(|part| part.name());
        let parts: Vec<_> = parts.collect();
        let detail = format!("this process has no such part; it has {}", parts.join(", "));
        Problem::new(platform::NOT_FOUND, detail)
    })?;
    Ok(answer(value, (!ready).then_some("the part is not ready")))
}

fn answer(value: Value, unready: Option<&str>) -> HttpResponse {
    let Some(why) = unready else {
        return HttpResponse::Ok().json(value);
    };
    let problem = report::problem(value, why);
    let mut unready = HttpResponse::ServiceUnavailable();
    unready.content_type(MEDIA_TYPE).body(problem.to_string())
}

async fn metrics(handle: Data<PrometheusHandle>, health: Shared) -> HttpResponse {
    for guard in &health.guards {
        guard.breaker().snapshot();
    }
    for projection in &health.projections {
        (projection.gauge)();
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(handle.render())
}
