//! `GET` of the floor and of live queues; and what every answer from a reading has in common.

use std::time::Duration;

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::Principal;
use http::headers;
use http::problem::Problem;
use kernel::code::platform;
use kernel::label::BadLabel;
use kernel::{LiveProjection, Tenant, Timestamp};
use pipeline::{Followed, Query, Until};
use routing::{Floor, QueueId};
use serde::Serialize;
use serde_json::json;

use super::views::{parameters, refused, unanswerable, until};
use super::{Gateway, Shared};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/v1/floor", web::get().to(floor))
        .route("/v1/queues/{queue_id}/live", web::get().to(queue));
}

/// Everybody and everything on it, now or `?as_of=` an instant, with the positions that prove it.
async fn floor(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let tenant = &principal.tenant;
    if let Some(until) = as_of(&request, gateway.now())? {
        let floor: Floor = recalled(&gateway, tenant, until).await?;
        return Ok(HttpResponse::Ok().json(floor.show(tenant, until)));
    }
    let (now, floor) = (gateway.now(), &gateway.matcher.floor);
    let age = age(floor)?;
    Ok(aged(age, floor.ask(|floor| floor.show(tenant, now))))
}

/// Who waits and who could be asked, with today's figures.
async fn queue(
    queue: Path<QueueId>,
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let (tenant, now, queue) = (&principal.tenant, gateway.now(), queue.into_inner());
    let (floor, metrics) = (&gateway.matcher.floor, &gateway.metrics);
    let age = age(floor)?.max(age(metrics)?);
    let named = renamed(queue.as_str())?;
    let (is_known, figures, within) = floor.ask(|floor| {
        let is_known = floor.knows(tenant, &queue);
        let within = floor.settings(tenant, &queue).service_level.within_s;
        (is_known, floor.show_queue(tenant, &queue, now), within)
    });
    let parameters = parameters(&request);
    let today = metrics.ask(|metrics| {
        if !is_known && !metrics.knows(tenant, &named) {
            return Err(no_queue());
        }
        let zone = parameters.get("zone");
        let settings = metrics.live_settings(tenant, &named, within.get(), zone);
        let settings = settings.map_err(|bad| unanswerable(&bad))?;
        Ok(metrics.live(tenant, &named, now, &settings))
    });
    Ok(aged(age, json!({ "floor": figures, "today": today? })))
}

pub(super) fn no_queue() -> Problem {
    let detail =
        "no queue has that name: it has no settings, nobody serves it or ever waited in it";
    Problem::new(platform::NOT_FOUND, detail)
}

/// The same name, as analytics knows it.
fn renamed(queue: &str) -> Result<analytics::QueueId, Problem> {
    let malformed =
        |error: BadLabel| Problem::new(platform::PARAMETER_MALFORMED, error.to_string());
    queue.parse().map_err(malformed)
}

/// The instant that `?as_of=` names: a position is one of a single stream's partition, and the
/// figures are of them all.
pub(super) fn as_of(request: &HttpRequest, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    match until(&parameters(request))? {
        None => Ok(None),
        Some(Until::Time(time)) if time > now => {
            let detail = "as_of is in the future";
            Err(Problem::new(platform::PARAMETER_MALFORMED, detail))
        }
        Some(Until::Time(time)) => Ok(Some(time)),
        Some(Until::LogPosition(_) | Until::Now) => {
            let detail = "as_of is not a date-time with offset";
            Err(Problem::new(platform::PARAMETER_MALFORMED, detail))
        }
    }
}

/// A reading as it was at an instant: a dear question.
pub(super) async fn recalled<R: LiveProjection>(
    gateway: &Gateway,
    tenant: &Tenant,
    until: Timestamp,
) -> Result<R, Problem> {
    let recall = |query: Query| async move { query.recall(until).await };
    let recalled = gateway.query.dearly(tenant.as_str(), recall).await;
    recalled.map_err(refused)
}

/// How old a reading may be; one that has not caught up says nothing.
pub(super) fn age<R: LiveProjection>(followed: &Followed<R>) -> Result<Duration, Problem> {
    followed.age().ok_or_else(|| {
        let detail = format!("the {} is still being read", R::NAME);
        Problem::new(platform::BEHIND, detail).retry_after(1)
    })
}

pub(super) fn aged(age: Duration, body: impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(body);
    headers::mark_age(response.headers_mut(), age);
    response
}
