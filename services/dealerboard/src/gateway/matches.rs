//! `POST /v1/agents/match`: an agent for a conversation that waits, now, and why this one.

use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::Principal;
use http::body::JsonBody;
use http::headers;
use http::problem::Problem;
use kernel::code::platform;
use pipeline::Followed;
use routing::{ConversationId, Floor, LiveOffer, Unmatchable};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::Shared;
use super::readings::age;
use crate::router::{Begun, Matched, Matcher, NoMatch};

/// How long a caller who states no preference waits for the slot.
const WAIT: Duration = Duration::from_secs(5);
/// How long the floor may take to hear of a conversation that was just queued.
const FLOOR_WAIT: Duration = Duration::from_millis(500);
/// How often it is asked meanwhile.
const FLOOR_PERIOD: Duration = Duration::from_millis(2);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    conversation_id: ConversationId,
    /// Only says what the decision would be based on.
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/v1/agents/match", web::post().to(post));
}

async fn post(
    request: HttpRequest,
    principal: Principal,
    body: JsonBody,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let asked: Asked = body.parse()?;
    let matcher = &gateway.matcher;
    let wait = headers::wait(request.headers());
    let wait = if wait.is_zero() { WAIT } else { wait };
    read(&matcher.floor, wait).await?;
    if asked.dry_run {
        let explain = || matcher.explain(&principal.tenant, &asked.conversation_id);
        let record = once_known(explain, may_change).await;
        let record = record.map_err(|why| unmatchable(&why))?;
        return Ok(HttpResponse::Ok().json(json!({ "outcome": "dry_run", "decision": record })));
    }
    let begin = || matcher.begin(&principal.tenant, &principal.actor, &asked.conversation_id);
    let may_change = |none: &NoMatch| matches!(none, NoMatch::Unmatchable(why) if may_change(why));
    let found = match once_known(begin, may_change).await {
        Ok(begun) => finish(matcher, begun, wait).await?,
        Err(none) => Err(none),
    };
    match found {
        Ok(matched) => Ok(HttpResponse::Ok().json(told(&matched))),
        Err(NoMatch::Offered(offer)) => Ok(HttpResponse::Ok().json(standing(&asked, &offer))),
        Err(NoMatch::Unmatchable(why)) => Err(unmatchable(&why)),
        Err(NoMatch::Fault(fault)) => Err(Problem::from(fault)),
        Err(NoMatch::Undecided(decision_id)) => {
            let location = format!("/v1/decisions/{decision_id}");
            let pending = json!({ "outcome": "pending", "decision_id": decision_id });
            Ok(HttpResponse::Accepted()
                .insert_header((LOCATION, location))
                .json(pending))
        }
    }
}

/// Waits until the floor has been read once: just after a start.
async fn read(floor: &Followed<Floor>, wait: Duration) -> Result<(), Problem> {
    // Refused or not, `age` says it like everywhere else.
    drop(tokio::time::timeout(wait, floor.caught_up()).await);
    age(floor).map(drop)
}

/// Asks again for a moment while the floor may not have heard of what was just done.
pub(super) async fn once_known<T, E>(
    ask: impl Fn() -> Result<T, E>,
    may_change: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let until = Instant::now() + FLOOR_WAIT;
    loop {
        match ask() {
            Err(why) if may_change(&why) && Instant::now() < until => {
                tokio::time::sleep(FLOOR_PERIOD).await;
            }
            answer => return answer,
        }
    }
}

/// Whether the next event may change the answer: it is not opened or not queued as far as is known
/// here, or is being matched at this moment.
fn may_change(why: &Unmatchable) -> bool {
    match why {
        Unmatchable::Unknown | Unmatchable::Held => true,
        Unmatchable::NotWaiting { is_offered, .. } => !is_offered,
    }
}

/// In a task of its own: what was begun is finished though the caller goes away.
async fn finish(
    matcher: &Matcher,
    begun: Begun,
    wait: Duration,
) -> Result<Result<Matched, NoMatch>, Problem> {
    let matcher = matcher.clone();
    let finishing = tokio::spawn(async move { matcher.finish(begun, wait).await });
    finishing.await.map_err(Problem::defect)
}

fn told(matched: &Matched) -> serde_json::Value {
    let first = matched.offers.first();
    json!({
        "outcome": if first.is_some() { "matched" } else { "unmatched" },
        "conversation_id": matched.record.conversation_id,
        "decision_id": matched.decision_id,
        "agent_id": first.map(|offer| &offer.agent_id),
        "offer_id": first.map(|offer| &offer.offer_id),
        "offers": matched.offers,
        "decision": matched.record,
    })
}

/// A match that was made before is the answer to asking for it again.
fn standing(asked: &Asked, offer: &LiveOffer) -> serde_json::Value {
    json!({
        "outcome": "offered",
        "conversation_id": asked.conversation_id,
        "decision_id": offer.decision_id,
        "agent_id": offer.agent_id,
        "offer_id": offer.offer_id,
        "expires_at": offer.expires_at,
    })
}

fn unmatchable(why: &Unmatchable) -> Problem {
    let code = match why {
        Unmatchable::Unknown => platform::NOT_FOUND,
        Unmatchable::NotWaiting { .. } | Unmatchable::Held => platform::NOT_WAITING,
    };
    Problem::new(code, why.to_string())
}
