//! `POST /v1/agents/match`: an agent for a conversation that waits, now, and why this one.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending, age, unanswerable};
use http::headers;
use http::problem::Problem;
use kernel::Permission;
use kernel::code::platform;
use kernel::route::{AnsweredFrom, QuestionRoute, WaitsFor};
use pipeline::Followed;
use routing::{
    AgentId, ConversationId, DecisionId, Floor, LiveOffer, OfferId, Record, Unmatchable,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::matcher::{Begun, Matched, Matcher, NoMatch, Offer};

/// How long a caller who states no preference waits for the slot.
const WAIT: Duration = Duration::from_secs(5);
/// How long the floor may take to include a conversation that was just queued.
const FLOOR_WAIT: Duration = Duration::from_millis(500);
/// How often it is asked meanwhile.
const FLOOR_PERIOD: Duration = Duration::from_millis(2);

const ROUTE: QuestionRoute = QuestionRoute {
    waits_for: WaitsFor::Decision("the caller connects the agent that is found"),
    ..QuestionRoute::get::<Answer>(
        "/v1/agents/match",
        "match_conversation",
        Permission::new("match", "ask"),
        AnsweredFrom::LiveProjection,
        "finds an agent for a conversation that waits, and reserves the slot",
    )
    .with_body::<Question>()
    .refused_with(&[platform::NOT_WAITING])
};

/// Which conversation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MatchQuestion")]
struct Question {
    conversation_id: ConversationId,
    /// Only reports what the decision would be based on.
    #[serde(default)]
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[schemars(rename = "MatchAnswer")]
enum Answer {
    /// A slot is reserved.
    Matched(Made),
    /// No agent could be asked.
    Unmatched(Made),
    /// It was offered before.
    Offered(Standing),
    /// The reservation is not decided yet; the decision will have it.
    Pending { decision_id: DecisionId },
    /// What a match would be based on.
    DryRun { decision: Record },
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MatchMade")]
struct Made {
    conversation_id: ConversationId,
    decision_id: DecisionId,
    agent_id: Option<AgentId>,
    offer_id: Option<OfferId>,
    offers: Vec<Offer>,
    decision: Record,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MatchStanding")]
struct Standing {
    conversation_id: ConversationId,
    /// As the conversation's event has it: not every offer comes from the router.
    decision_id: Box<str>,
    agent_id: AgentId,
    offer_id: OfferId,
    expires_at: kernel::Timestamp,
}

/// The endpoint of the matcher.
pub struct MatchConversation {
    pub matcher: Matcher,
}

impl MatchConversation {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for MatchConversation {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let matcher = self.matcher.clone();
        async move { answer(&matcher, &call).await }.boxed_local()
    }
}

async fn answer(matcher: &Matcher, call: &Call) -> Result<HttpResponse, Problem> {
    let asked = call.asked(call.now()).read_body::<Question>();
    let asked = asked.map_err(|why| unanswerable(call, &ROUTE, why))?;
    let principal = &call.principal;
    let wait = headers::wait(call.request.headers());
    let wait = if wait.is_zero() { WAIT } else { wait };
    read(&matcher.floor, wait).await?;
    if asked.dry_run {
        let explain = || matcher.explain(&principal.tenant, &asked.conversation_id);
        let decision = once_known(explain, may_change).await;
        let decision = decision.map_err(|why| unmatchable(&why))?;
        return Ok(HttpResponse::Ok().json(Answer::DryRun { decision }));
    }
    let begin = || matcher.begin(&principal.tenant, &principal.actor, &asked.conversation_id);
    let may_change = |none: &NoMatch| matches!(none, NoMatch::Unmatchable(why) if may_change(why));
    let found = match once_known(begin, may_change).await {
        Ok(begun) => finish(matcher, begun, wait).await?,
        Err(none) => Err(none),
    };
    match found {
        Ok(matched) => Ok(HttpResponse::Ok().json(made(matched))),
        Err(NoMatch::Offered(offer)) => Ok(HttpResponse::Ok().json(standing(asked, offer))),
        Err(NoMatch::Unmatchable(why)) => Err(unmatchable(&why)),
        Err(NoMatch::Fault(fault)) => Err(Problem::from(fault)),
        Err(NoMatch::Defect(defect)) => Err(Problem::defect(defect)),
        Err(NoMatch::Undecided(decision_id)) => {
            let location = format!("/v1/decisions/{decision_id}");
            Ok(HttpResponse::Accepted()
                .insert_header((LOCATION, location))
                .json(Answer::Pending { decision_id }))
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
pub(crate) async fn once_known<T, E>(
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

fn made(matched: Matched) -> Answer {
    let first = matched.offers.first();
    let made = Made {
        conversation_id: matched.record.conversation_id.clone(),
        decision_id: matched.decision_id,
        agent_id: first.map(|offer| offer.agent_id.clone()),
        offer_id: first.map(|offer| offer.offer_id.clone()),
        offers: matched.offers,
        decision: matched.record,
    };
    if made.offers.is_empty() {
        Answer::Unmatched(made)
    } else {
        Answer::Matched(made)
    }
}

/// A match that was made before is the answer to asking for it again.
fn standing(asked: Question, offer: LiveOffer) -> Answer {
    Answer::Offered(Standing {
        conversation_id: asked.conversation_id,
        decision_id: offer.decision_id,
        agent_id: offer.agent_id,
        offer_id: offer.offer_id,
        expires_at: offer.expires_at,
    })
}

fn unmatchable(why: &Unmatchable) -> Problem {
    let code = match why {
        Unmatchable::Unknown => platform::NOT_FOUND,
        Unmatchable::NotWaiting { .. } | Unmatchable::Held => platform::NOT_WAITING,
    };
    Problem::new(code, why.to_string())
}
