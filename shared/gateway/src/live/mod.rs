//! `GET /v1/live`: the changes of views, and the answers to questions, as `text/event-stream`.

mod answers;
mod asked;
mod frame;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures::stream;
use http::auth::{LIFETIME_MAX_S, Members, Principal, SignedIn};
use http::problem::Problem;
use kernel::Parameters;
use kernel::code::platform;
use kernel::port::SessionKey;
use kernel::route::{Parameter, StreamRoute};
use pipeline::{LiveStream, NotOpened, Opening, Sees, ViewSlice, Wish};
use tokio::time::{Instant, Interval, MissedTickBehavior};

pub use answers::Answers;
use answers::Watching;

use crate::gateway::Gateway;
use crate::limits::Class;
use crate::views::{bad_parameter, parameters};

const VIEW: Parameter = Parameter::of::<String>(
    "view",
    "a view by the name of its list, such as `trades`; may be given several times",
)
.repeated();

const QUESTION: Parameter = Parameter::of::<String>(
    "question",
    "path and query of a question of a live projection, such as `/v1/floor`; may be given several times",
)
.repeated();

/// How often a stream looks whether its caller's roles, limits or tokens have changed.
const WATCH_PERIOD: Duration = Duration::from_secs(20);

/// The row of the route table.
pub(crate) const ROUTE: StreamRoute = StreamRoute {
    path: "/v1/live",
    name: "live_changes",
    parameters: &[VIEW, QUESTION],
    summary: "a stream of the changes of views and of answers; resumed behind `Last-Event-ID`",
};

pub(crate) async fn get(
    request: &HttpRequest,
    principal: Principal,
    gateway: &Arc<Gateway>,
) -> Result<HttpResponse, Problem> {
    // Before anything is decided: a change that comes meanwhile counts.
    let watch = Watch::of(request, &principal, gateway);
    gateway.limiter.admit(&principal, Class::Read).await?;
    let asked = parameters(request);
    let views = views(gateway, &asked)?;
    let questions = asked::questions(gateway, &principal, named(&asked, QUESTION))?;
    if views.is_empty() && questions.is_empty() {
        let known = known(gateway);
        return Err(malformed(format!("view is missing; there are {known}")));
    }
    let mut wishes = Vec::with_capacity(views.len());
    for view in &views {
        wishes.push((view.live.name, wish(gateway, &principal, view, &asked)?));
    }
    let opening = Opening {
        tenant: principal.tenant.clone(),
        wishes,
        last_id: last_id(request)?,
        until: until(gateway, &principal),
    };
    // Rare and large: on the heap, it does not make every answer's future as large.
    let changes = Box::pin(gateway.live.open(opening)).await;
    let tenant = &principal.tenant;
    let answers = questions.into_iter();
    let answers = answers.map(|question| gateway.answers.watch(tenant, question));
    Ok(answer(Told {
        changes: changes.map_err(not_opened)?,
        has_begun: false,
        answers: answers.collect::<Result<_, _>>()?,
        watch,
    }))
}

/// What one stream is told.
struct Told {
    changes: LiveStream,
    has_begun: bool,
    answers: Vec<Watching>,
    watch: Watch,
}

impl Told {
    async fn next(&mut self) -> Option<Bytes> {
        let frame = tokio::select! {
            frame = self.changes.next() => frame,
            // The first frame says whether the changes resume.
            frame = answers::next(&mut self.answers), if self.has_begun => Some(frame),
            // It is opened anew, with what its caller may see now.
            () = self.watch.changed() => None,
        };
        self.has_begun = true;
        frame
    }
}

/// Looks whether a stream's caller is still who they were when it was opened.
struct Watch {
    members: Option<Data<dyn Members>>,
    principal: Principal,
    changes: u64,
    /// Of a browser.
    session: Option<SessionKey>,
    gateway: Arc<Gateway>,
    ticks: Interval,
}

impl Watch {
    fn of(request: &HttpRequest, principal: &Principal, gateway: &Arc<Gateway>) -> Self {
        let session = request.extensions().get::<SignedIn>().map(|of| of.key);
        let members = request.app_data::<Data<dyn Members>>().cloned();
        let changes = members.as_ref().map(|members| members.changes(principal));
        let mut ticks = tokio::time::interval(WATCH_PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            changes: changes.unwrap_or_default(),
            members,
            principal: principal.clone(),
            session,
            gateway: Arc::clone(gateway),
            ticks,
        }
    }

    /// Ends when the caller has got or lost a role, a limit, the token or the session. Reading a stream
    /// is no use of a session.
    async fn changed(&mut self) {
        loop {
            self.ticks.tick().await;
            let members = self.members.as_ref();
            let changes = members.map(|members| members.changes(&self.principal));
            let sessions = &self.gateway.sign_in.sessions;
            let is_over = match self.session {
                Some(key) => !sessions.goes_on(key).await,
                None => false,
            };
            if is_over || changes.is_some_and(|changes| changes != self.changes) {
                return;
            }
        }
    }
}

fn answer(told: Told) -> HttpResponse {
    let frames = stream::unfold(told, |mut told| async move {
        let frame = told.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), told))
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
    for name in named(asked, VIEW) {
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
    let filters = || views.iter().flat_map(|view| view.filters);
    let names = asked
        .0
        .iter()
        .map(|(name, _)| name)
        .filter(|name| ROUTE.parameters.iter().all(|own| own.name != *name));
    for name in names {
        if filters().all(|filter| filter.name != name) {
            return Err(malformed(format!(
                "none of the views is narrowed by {name}"
            )));
        }
    }
    Ok(views)
}

/// All values of a parameter.
fn named(asked: &Parameters, parameter: Parameter) -> impl Iterator<Item = &str> {
    let named = asked
        .0
        .iter()
        .filter(move |(name, _)| name == parameter.name);
    named.map(|(_, value)| value.as_str())
}

fn known(gateway: &Gateway) -> String {
    let views = gateway.live.views().iter().map(|view| view.live.name);
    views.collect::<Vec<_>>().join(", ")
}

fn wish(
    gateway: &Arc<Gateway>,
    principal: &Principal,
    view: &ViewSlice,
    asked: &Parameters,
) -> Result<Wish, Problem> {
    let passage = gateway.gate.pass(principal, view.route.allow)?;
    // A view reads the filters that are its own.
    let own = asked
        .0
        .iter()
        .filter(|(name, _)| view.filters.iter().any(|filter| filter.name == name));
    let own = Parameters(own.cloned().collect());
    let interest = (view.live.interest)(&own).map_err(|bad| bad_parameter(&bad))?;
    let sees = gateway.visible(principal, passage, *view);
    let sees = sees.map(|visible| -> Sees {
        // What cannot be read is not shown.
        Arc::new(move |key, body| visible(key, body).unwrap_or(false))
    });
    Ok(Wish { interest, sees })
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

/// When the caller's token ends.
fn until(gateway: &Gateway, principal: &Principal) -> Instant {
    let now_s = gateway.now().micros().div_euclid(1_000_000);
    let ends_s = principal.expires_s.unwrap_or(now_s + LIFETIME_MAX_S);
    let left_s = ends_s.saturating_sub(now_s);
    Instant::now() + Duration::from_secs(u64::try_from(left_s).unwrap_or_default())
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
