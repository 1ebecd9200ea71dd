//! `GET /v1/live`: the changes of views as `text/event-stream`.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use http::auth::{Principal, Session};
use http::problem::Problem;
use kernel::access::Standing;
use kernel::code::platform;
use kernel::route::{Parameter, StreamRoute};
use kernel::{Parameters, Subject};
use pipeline::{LiveStream, NotOpened, Opening, Sees, ViewSlice, Wish};
use tokio::time::Instant;

use crate::gateway::Gateway;
use crate::views::{bad_parameter, parameters};

const VIEW: Parameter = Parameter::of::<String>(
    "view",
    "a view by the name of its list, such as `trades`; may be given several times",
)
.repeated();

/// The row of the route table.
pub(crate) const ROUTE: StreamRoute = StreamRoute {
    path: "/v1/live",
    name: "live_changes",
    parameters: &[VIEW],
    summary: "a stream of the changes of views; resumed behind `Last-Event-ID`",
};

/// What a caller may see of the changes of views. The tenant is none of its business: other tenants'
/// changes never come here.
pub trait Sight: Send + Sync + 'static {
    /// What is known before a value is: asked once per stream and view.
    fn standing(&self, subject: &Subject, view: &ViewSlice) -> Standing;

    /// Whether the subject may see a value, where its standing depends on that; `key` is
    /// `{tenant}/{aggregate_id}`, `body` what a `GET` sends. Asked for every change that a stream wants,
    /// by the thread that folds them: it must be quick.
    fn may_see(&self, subject: &Subject, view: &ViewSlice, key: &str, body: &[u8]) -> bool;
}

/// Everybody sees all of their tenant.
pub struct SeesAll;

impl Sight for SeesAll {
    fn standing(&self, _: &Subject, _: &ViewSlice) -> Standing {
        Standing::Allowed
    }

    fn may_see(&self, _: &Subject, _: &ViewSlice, _: &str, _: &[u8]) -> bool {
        true
    }
}

pub(crate) async fn get(
    request: &HttpRequest,
    session: Session,
    gateway: &Gateway,
) -> Result<HttpResponse, Problem> {
    let asked = parameters(request);
    let views = views(gateway, &asked)?;
    let mut wishes = Vec::with_capacity(views.len());
    for view in &views {
        wishes.push((
            view.live.name,
            wish(gateway, &session.principal, view, &asked)?,
        ));
    }
    let opening = Opening {
        tenant: session.principal.tenant.clone(),
        wishes,
        last_id: last_id(request)?,
        until: until(gateway, &session),
    };
    // Rare and large: on the heap, it does not make every answer's future as large.
    let opened = Box::pin(gateway.live.open(opening)).await;
    Ok(answer(opened.map_err(not_opened)?))
}

fn answer(stream: LiveStream) -> HttpResponse {
    let frames = stream::unfold(stream, |mut stream| async move {
        let frame = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), stream))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Or a proxy would keep frames until it has a bufferful.
        .insert_header(("X-Accel-Buffering", "no"))
        // A server that stops does not wait for a request that will not come.
        .force_close()
        .streaming(Box::pin(frames))
}

/// The views asked for, each once, and no filter that none of them has.
fn views(gateway: &Gateway, asked: &Parameters) -> Result<Vec<ViewSlice>, Problem> {
    let live = &gateway.live;
    let mut views: Vec<ViewSlice> = Vec::new();
    let names = asked.0.iter().filter(|(name, _)| name == VIEW.name);
    for (_, name) in names {
        let view = live.view(name).ok_or_else(|| {
            let name = name.escape_debug();
            malformed(format!(
                "there is no view `{name}`; there are {}",
                known(gateway)
            ))
        })?;
        if views.iter().all(|other| other.id != view.id) {
            views.push(*view);
        }
    }
    if views.is_empty() {
        return Err(malformed(format!(
            "view is missing; there are {}",
            known(gateway)
        )));
    }
    let filters = || views.iter().flat_map(|view| view.filters);
    let names = asked
        .0
        .iter()
        .map(|(name, _)| name)
        .filter(|name| *name != VIEW.name);
    for name in names {
        if filters().all(|filter| filter.name != name) {
            return Err(malformed(format!(
                "none of the views is narrowed by {name}"
            )));
        }
    }
    Ok(views)
}

fn known(gateway: &Gateway) -> String {
    let views = gateway.live.views().iter().map(|view| view.live.name);
    views.collect::<Vec<_>>().join(", ")
}

fn wish(
    gateway: &Gateway,
    principal: &Principal,
    view: &ViewSlice,
    asked: &Parameters,
) -> Result<Wish, Problem> {
    let sees = match gateway.sight.standing(principal, view) {
        Standing::Allowed => None,
        Standing::Denied => {
            let detail = format!("the permission {} is needed", view.route.allow);
            return Err(Problem::new(platform::NOT_ALLOWED, detail));
        }
        Standing::Depends => Some(sees(gateway, principal, view)),
    };
    // A view reads the filters that are its own.
    let own = asked
        .0
        .iter()
        .filter(|(name, _)| view.filters.iter().any(|filter| filter.name == name));
    let own = Parameters(own.cloned().collect());
    let interest = (view.live.interest)(&own).map_err(|bad| bad_parameter(&bad))?;
    Ok(Wish { interest, sees })
}

fn sees(gateway: &Gateway, principal: &Principal, view: &ViewSlice) -> Sees {
    let (sight, principal, view) = (Arc::clone(&gateway.sight), principal.clone(), *view);
    Arc::new(move |key, body| sight.may_see(&principal, &view, key, body))
}

/// What `Last-Event-ID` says; the empty text that a browser may send is none.
fn last_id(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let Some(header) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let text = header.to_str();
    let text =
        text.map_err(|_| malformed("Last-Event-ID is not an id of this stream".to_owned()))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn until(gateway: &Gateway, session: &Session) -> Instant {
    let left_us = session
        .until
        .micros()
        .saturating_sub(gateway.now().micros());
    Instant::now() + Duration::from_micros(u64::try_from(left_us).unwrap_or_default())
}

fn malformed(detail: String) -> Problem {
    Problem::new(platform::PARAMETER_MALFORMED, detail)
}

fn not_opened(why: NotOpened) -> Problem {
    let detail = why.to_string();
    match why {
        NotOpened::Crowded { retry_after_s } | NotOpened::TenantCrowded { retry_after_s } => {
            Problem::new(platform::OVERLOADED, detail).retry_after(retry_after_s)
        }
        NotOpened::NotYet => Problem::new(platform::BEHIND, detail).retry_after(1),
    }
}
