//! Liveness, readiness and metrics.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use futures::future::{BoxFuture, join_all};
use http::problem::MEDIA_TYPE;
use kernel::code::platform;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;

use super::{Gateway, Shared};

/// Longest time one check may take.
const CHECK_WAIT: Duration = Duration::from_secs(1);

/// A question to one dependency; the error is what an operator reads.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) ask: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

/// What must hold before traffic should come.
#[derive(Clone, Default)]
pub(crate) struct Readiness(pub(crate) Arc<Vec<Check>>);

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/livez", web::get().to(live))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

/// The process answers; dependencies never fail liveness.
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

/// Every check by name, each with its own answer.
async fn ready(gateway: Shared) -> HttpResponse {
    let asked = gateway.readiness.0.iter().map(|check| async move {
        let answer = tokio::time::timeout(CHECK_WAIT, (check.ask)()).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        (check.name, answer)
    });
    let answers = join_all(asked).await;
    let answers = answers.into_iter().chain(readings(&gateway));
    let answers = answers.chain([("views", views(&gateway))]);
    let answers: Vec<_> = answers.collect();
    let all = answers.iter().all(|(_, answer)| answer.is_ok());
    let checks: serde_json::Map<_, _> = answers
        .into_iter()
        .map(|(name, answer)| {
            let told = answer.map_or_else(|reason| reason, |()| "ok".to_owned());
            (name.to_owned(), told.into())
        })
        .collect();
    if all {
        return HttpResponse::Ok().json(serde_json::json!({ "ready": true, "checks": checks }));
    }
    // A problem with members of its own (RFC 9457 §3.2): any other refusal would be replaced by one
    // that does not name the checks.
    let problem = serde_json::json!({
        "type": format!("/docs/errors/{}", platform::DEPENDENCY_UNAVAILABLE),
        "title": "not ready",
        "status": 503,
        "code": platform::DEPENDENCY_UNAVAILABLE.name,
        "detail": "a check does not hold",
        "retryable": true,
        "ready": false,
        "checks": checks,
    });
    let mut unready = HttpResponse::ServiceUnavailable();
    unready.content_type(MEDIA_TYPE).body(problem.to_string())
}

/// Whether what this process reads into its memory has been read.
fn readings(gateway: &Gateway) -> [(&'static str, Result<(), String>); 2] {
    let read = |age: Option<Duration>| match age {
        Some(_) => Ok(()),
        None => Err("is still being read".to_owned()),
    };
    [
        ("floor", read(gateway.matcher.floor.age())),
        ("metrics", read(gateway.metrics.age())),
    ]
}

/// Whether every view has been seen to be whole, since this process began.
fn views(gateway: &Gateway) -> Result<(), String> {
    let views = gateway.slices.views.iter();
    let unread = views.filter(|view| !gateway.query.has_read(view));
    let unread: Vec<_> = unread.map(|view| view.id.name).collect();
    if unread.is_empty() {
        return Ok(());
    }
    Err(format!("not caught up yet: {}", unread.join(", ")))
}

/// How long a conversation has waited though an agent could be asked: routers are away or stuck when
/// it grows. Looked at when somebody looks.
const MATCHABLE: &str = "dealerboard_routing_oldest_matchable_seconds";

async fn metrics(handle: Data<PrometheusHandle>, gateway: Shared) -> HttpResponse {
    let (now, floor) = (gateway.now(), &gateway.matcher.floor);
    // Half-way through, those who waited last week still do.
    if floor.age().is_some() {
        let stalled_ms = floor.ask(|floor| floor.stalled_ms(now));
        gauge!(MATCHABLE).set(Duration::from_millis(stalled_ms).as_secs_f64());
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(handle.render())
}
