//! One match: plan on the floor, reserve at the version that was read, try the next if that fails.

use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::batch::{Outcome, Resolution};
use kernel::port::{Clock, Ids};
use kernel::{Actor, Defect, Fault, Tenant};
use pipeline::Followed;
use pipeline::accept::{Acceptor, OutgoingCommand, Request};
use routing::{
    AgentId, Candidate, ConversationId, Decision, DecisionCommand, DecisionId, Floor, LiveOffer,
    LoseCandidate, OfferId, Plan, Record, RecordUnmatched, Unmatchable,
};
use schemars::JsonSchema;
use serde::Serialize;
use tracing::warn;

/// What the slot outlives its offer by: it only heals a crash between the two.
const SLOT_EXTRA_MS: u32 = 15_000;

/// Commands appended at once.
pub(crate) const BATCH_MAX: usize = 500;

/// Makes matches; as many at once as there are callers.
#[derive(Clone)]
pub struct Matcher {
    pub floor: Followed<Floor>,
    pub acceptor: Acceptor,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

/// A match that was planned, its first candidates and its conversation out of the running.
pub struct Begun {
    pub tenant: Tenant,
    pub actor: Actor,
    pub decision_id: DecisionId,
    pub plan: Plan,
    first: Vec<Attempt>,
}

/// A candidate, and the offer that would be theirs.
#[derive(Clone)]
struct Attempt {
    candidate: Candidate,
    offer_id: OfferId,
}

/// The result of a match; there may be no offer.
#[derive(Debug)]
pub struct Matched {
    pub decision_id: DecisionId,
    pub record: Record,
    pub offers: Vec<Offer>,
}

/// A slot that was reserved for the conversation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Offer {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    /// The agent's version with the slot.
    pub agent_version: u64,
    pub ttl_ms: u32,
}

/// Why there is no match.
#[derive(Debug)]
pub enum NoMatch {
    Unmatchable(Unmatchable),
    /// It is offered to somebody already.
    Offered(LiveOffer),
    /// The command log did not take the reservation, as far as is known.
    Fault(Fault),
    /// A mistake of the platform's own.
    Defect(Defect),
    /// The reservation's outcome did not come in time; the decision will tell.
    Undecided(DecisionId),
}

impl From<Fault> for NoMatch {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Defect> for NoMatch {
    fn from(defect: Defect) -> Self {
        Self::Defect(defect)
    }
}

enum Tried {
    Reserved(Offer),
    Lost(AgentId, Box<str>),
    Unknown,
}

impl Matcher {
    /// Plans a match and holds its first candidates; the caller must finish it.
    ///
    /// # Errors
    /// [`NoMatch`]; nothing is held then.
    pub fn begin(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        conversation: &ConversationId,
    ) -> Result<Begun, NoMatch> {
        let now = self.clock.now();
        let decision_id = self.name::<DecisionId>();
        self.floor.ask(|floor| {
            if let Some(offer) = floor.live_offer(tenant, conversation) {
                return Err(NoMatch::Offered(offer));
            }
            let plan = floor.plan(tenant, conversation, now);
            let plan = plan.map_err(NoMatch::Unmatchable)?;
            let wanted = usize::from(plan.parallel_max);
            let first: Vec<_> = plan
                .asked()
                .iter()
                .take(wanted)
                .map(|c| self.attempt(c))
                .collect();
            for attempt in &first {
                let agent_id = &attempt.candidate.agent_id;
                floor.hold(tenant, conversation, agent_id, &attempt.offer_id);
            }
            Ok(Begun {
                tenant: tenant.clone(),
                actor: actor.clone(),
                decision_id,
                plan,
                first,
            })
        })
    }

    /// What a match would be based on now; nothing is taken on.
    ///
    /// # Errors
    /// The conversation does not wait, or is unknown here.
    pub fn explain(
        &self,
        tenant: &Tenant,
        conversation: &ConversationId,
    ) -> Result<Record, Unmatchable> {
        let now = self.clock.now();
        let plan = self
            .floor
            .ask(|floor| floor.plan(tenant, conversation, now))?;
        Ok(plan.record)
    }

    /// Reserves slots, candidate after candidate, until as many are reserved as may be asked at once.
    ///
    /// # Errors
    /// [`NoMatch`]; what was held is released.
    pub async fn finish(&self, begun: Begun, wait: Duration) -> Result<Matched, NoMatch> {
        let decision = begun.decision_id.as_str();
        let record = DecisionCommand::RecordDecision(Box::new(begun.plan.record.clone()));
        let mut notes = vec![OutgoingCommand::new::<Decision>(decision, &record)?];
        let wanted = usize::from(begun.plan.parallel_max);
        let mut rest = begun.plan.asked().iter().skip(begun.first.len());
        let mut attempts = begun.first.clone();
        let (mut offers, mut unknown) = (Vec::new(), false);
        while !attempts.is_empty() {
            for tried in self.reserve(&begun, &attempts, &mut notes, wait).await? {
                match tried {
                    Tried::Reserved(offer) => offers.push(offer),
                    Tried::Unknown => unknown = true,
                    Tried::Lost(agent_id, code) => {
                        let code = renamed(&code)?;
                        let lost = DecisionCommand::LoseCandidate(LoseCandidate { agent_id, code });
                        notes.push(OutgoingCommand::new::<Decision>(decision, &lost)?);
                    }
                }
            }
            let missing = wanted.saturating_sub(offers.len());
            // A reservation that may still be made is not made up for.
            let missing = if unknown { 0 } else { missing };
            attempts = rest
                .by_ref()
                .take(missing)
                .map(|c| self.attempt(c))
                .collect();
            self.hold(&begun, &attempts);
        }
        if offers.is_empty() && unknown {
            self.note(&begun, &notes).await?;
            return Err(NoMatch::Undecided(begun.decision_id));
        }
        if offers.is_empty() {
            let unmatched = DecisionCommand::RecordUnmatched(RecordUnmatched {});
            notes.push(OutgoingCommand::new::<Decision>(decision, &unmatched)?);
        }
        let noted = self.note(&begun, &notes).await;
        match noted {
            // A slot that is reserved is a match, whether or not it was noted who lost.
            Err(fault) if !offers.is_empty() => warn!(
                error = &fault as &dyn std::error::Error,
                decision = %begun.decision_id,
                "candidates that were lost are not noted"
            ),
            noted => noted?,
        }
        Ok(Matched {
            decision_id: begun.decision_id,
            record: begun.plan.record,
            offers,
        })
    }

    /// All attempts at once; the notes go to the log before the first of them.
    async fn reserve(
        &self,
        begun: &Begun,
        attempts: &[Attempt],
        notes: &mut Vec<OutgoingCommand>,
        wait: Duration,
    ) -> Result<Vec<Tried>, NoMatch> {
        let notes = std::mem::take(notes);
        let reservations = attempts.iter().enumerate().map(|(n, attempt)| {
            let before: &[OutgoingCommand] = if n == 0 { &notes } else { &[] };
            self.try_one(begun, attempt, before, wait)
        });
        join_all(reservations).await.into_iter().collect()
    }

    async fn try_one(
        &self,
        begun: &Begun,
        attempt: &Attempt,
        before: &[OutgoingCommand],
        wait: Duration,
    ) -> Result<Tried, NoMatch> {
        let outcome = self.outcome(begun, attempt, before, wait).await;
        let (tenant, conversation) = (&begun.tenant, &begun.plan.record.conversation_id);
        let (agent_id, offer_id) = (&attempt.candidate.agent_id, &attempt.offer_id);
        self.floor.ask(|floor| match &outcome {
            Ok(Some(Outcome::Accepted { version, .. })) => {
                floor.reserved(tenant, conversation, agent_id, offer_id, *version);
            }
            // A hold that is not released here would stay: the agent's own stream is the lock.
            Ok(Some(Outcome::Rejected { .. }) | None) | Err(_) => {
                floor.release(tenant, conversation, agent_id, offer_id);
            }
        });
        Ok(match outcome? {
            None => Tried::Unknown,
            Some(Outcome::Rejected { code, .. }) => Tried::Lost(agent_id.clone(), (&*code).into()),
            Some(Outcome::Accepted { version, .. }) => Tried::Reserved(Offer {
                offer_id: offer_id.clone(),
                agent_id: agent_id.clone(),
                agent_version: version,
                ttl_ms: begun.plan.offer_ttl_ms.get(),
            }),
        })
    }

    /// What the agent's stream answers; nothing when that did not come in time.
    async fn outcome(
        &self,
        begun: &Begun,
        attempt: &Attempt,
        before: &[OutgoingCommand],
        wait: Duration,
    ) -> Result<Option<Outcome>, NoMatch> {
        let reserve = reservation(begun, attempt)?;
        let before = requests(begun, before);
        let reserve = reserve.request(&begun.tenant, &begun.actor);
        let waiting = self.acceptor.accept_all_and_wait(&before, reserve).await?;
        let reply = tokio::time::timeout(wait, waiting.outcome()).await;
        Ok(match reply.ok().flatten().map(|reply| reply.resolution) {
            Some(Resolution::Handled(outcome)) => Some(outcome),
            // A redrive may still make the reservation; its own end gives the slot back.
            Some(Resolution::Parked(_)) | None => None,
        })
    }

    /// Sends commands of several tenants, [`BATCH_MAX`] at once.
    ///
    /// # Errors
    /// The log does not take them; some may be in it.
    pub(crate) async fn give(
        &self,
        commands: &[(Tenant, OutgoingCommand)],
        actor: &Actor,
    ) -> Result<(), Fault> {
        for batch in commands.chunks(BATCH_MAX) {
            let requests = batch.iter();
            let requests: Vec<_> = requests
                .map(|(tenant, command)| command.request(tenant, actor))
                .collect();
            self.acceptor.accept_all(&requests).await?;
        }
        Ok(())
    }

    async fn note(&self, begun: &Begun, notes: &[OutgoingCommand]) -> Result<(), Fault> {
        if notes.is_empty() {
            return Ok(());
        }
        self.acceptor.accept_all(&requests(begun, notes)).await
    }

    fn hold(&self, begun: &Begun, attempts: &[Attempt]) {
        let conversation = &begun.plan.record.conversation_id;
        self.floor.ask(|floor| {
            for attempt in attempts {
                let agent_id = &attempt.candidate.agent_id;
                floor.hold(&begun.tenant, conversation, agent_id, &attempt.offer_id);
            }
        });
    }

    fn attempt(&self, candidate: &Candidate) -> Attempt {
        Attempt {
            candidate: candidate.clone(),
            offer_id: self.name::<OfferId>(),
        }
    }

    /// A new, unique name.
    fn name<L: std::str::FromStr>(&self) -> L
    where
        L::Err: std::fmt::Debug,
    {
        let name = self.ids.ordered().to_string();
        name.parse()
            .expect("a uuid is short and of admitted characters")
    }
}

fn requests<'c>(begun: &'c Begun, commands: &'c [OutgoingCommand]) -> Vec<Request<'c>> {
    let commands = commands.iter();
    commands
        .map(|command| command.request(&begun.tenant, &begun.actor))
        .collect()
}

/// The slot, at the version of the agent that was read.
fn reservation(begun: &Begun, attempt: &Attempt) -> Result<OutgoingCommand, Defect> {
    let (plan, record) = (&begun.plan, &begun.plan.record);
    let command = agents::AgentCommand::ReserveSlot(agents::ReserveSlot {
        offer_id: renamed(attempt.offer_id.as_str())?,
        conversation_id: renamed(record.conversation_id.as_str())?,
        channel: renamed(record.channel.as_str())?,
        cost: plan.cost,
        ttl_ms: plan.offer_ttl_ms.saturating_add(SLOT_EXTRA_MS),
        override_by: None,
        requirements: std::collections::BTreeMap::new(),
        matched: Some(agents::Match {
            decision_id: renamed(begun.decision_id.as_str())?,
            queue: renamed(record.queue_id.as_str())?,
            offer_ttl_ms: plan.offer_ttl_ms,
            parallel_max: NonZeroU8::new(plan.parallel_max).unwrap_or(NonZeroU8::MIN),
        }),
    });
    let agent = attempt.candidate.agent_id.as_str();
    let reserve = OutgoingCommand::new::<agents::Agent>(agent, &command)?;
    Ok(reserve.at(attempt.candidate.version))
}

/// The same name, as another context knows it.
pub(crate) fn renamed<L: std::str::FromStr>(name: &str) -> Result<L, Defect>
where
    L::Err: std::error::Error + Send + Sync + 'static,
{
    name.parse()
        .map_err(|error| Defect::new("name a thing of another context", error))
}
