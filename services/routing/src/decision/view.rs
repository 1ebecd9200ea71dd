//! A decision as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Decision;
use super::event::{AgentChosen, CandidateLost, DecisionEvent, NobodyFound};
use super::route;
use super::summary::{ChosenAgent, DecisionSummary, LostCandidate, Outcome};
use crate::label::{AgentId, ConversationId, QueueId};

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DecisionView(pub Option<DecisionSummary>);

impl View for DecisionView {
    type Of = Decision;
    const NAME: &'static str = "decision";
    const VERSION: u16 = 1;
    const ROUTE: ViewRoute = route::VIEW;
    const PARAMETERS: &'static [Parameter] = &[Parameter::of::<AgentId>(
        "agent",
        "adds why the agent was asked, or why not",
    )];
    const FILTERS: &'static [Parameter] = &[
        Parameter::of::<ConversationId>("conversation", "those of the conversation"),
        Parameter::of::<QueueId>("queue", "those in the queue"),
        Parameter::of::<AgentId>("agent", "those in which the agent was chosen"),
    ];

    /// `?conversation=C-1`, `?queue=FX-VIP`, `?agent=amy`: those in which the agent was chosen.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let conversation = parameters.read::<ConversationId>("conversation")?;
        let queue = parameters.read::<QueueId>("queue")?;
        let agent = parameters.read::<AgentId>("agent")?;
        if conversation.is_none() && queue.is_none() && agent.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |Self(decision)| {
            decision.as_ref().is_some_and(|decision| {
                conversation.as_ref().is_none_or(|id| decision.is_of(id))
                    && queue.as_ref().is_none_or(|id| decision.is_in(id))
                    && agent.as_ref().is_none_or(|id| decision.chose(id))
            })
        })))
    }

    /// `?agent=amy` of one decision: why that agent was asked, or why not.
    fn beside(&self, parameters: &Parameters) -> Result<Vec<(&'static str, String)>, BadParameter> {
        let Some(agent) = parameters.read::<AgentId>("agent")? else {
            return Ok(Vec::new());
        };
        let Some(decision) = &self.0 else {
            return Ok(Vec::new());
        };
        let (standing, why) = decision.why(&agent);
        Ok(vec![
            ("agent", agent.to_string()),
            ("standing", standing.to_string()),
            ("why", why),
        ])
    }

    fn update(&mut self, meta: &EventMeta, event: &DecisionEvent) {
        self.0
            .get_or_insert_with(|| DecisionSummary::new(meta))
            .update(meta, event);
    }
}

impl DecisionSummary {
    fn new(meta: &EventMeta) -> Self {
        Self {
            decision_id: meta.aggregate.clone(),
            outcome: Outcome::Open,
            offers: Vec::new(),
            lost: Vec::new(),
            record: None,
            version: 0,
            updated_at: meta.at,
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &DecisionEvent) {
        self.version = meta.sequence;
        self.updated_at = meta.at;
        match event {
            DecisionEvent::DecisionRecorded(record) => self.record = Some(record.clone()),
            DecisionEvent::CandidateLost(CandidateLost { agent_id, code }) => {
                self.lost.push(LostCandidate {
                    agent_id: agent_id.clone(),
                    code: code.clone(),
                    at: meta.at,
                });
            }
            DecisionEvent::AgentChosen(AgentChosen { offer_id, agent_id }) => {
                self.offers.push(ChosenAgent {
                    offer_id: offer_id.clone(),
                    agent_id: agent_id.clone(),
                    at: meta.at,
                });
                self.outcome = Outcome::Matched;
            }
            // Never behind a match.
            DecisionEvent::NobodyFound(NobodyFound {}) => self.outcome = Outcome::Unmatched,
        }
    }

    fn is_of(&self, conversation: &ConversationId) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.conversation_id == *conversation)
    }

    fn is_in(&self, queue: &QueueId) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.queue_id == *queue)
    }

    fn chose(&self, agent: &AgentId) -> bool {
        self.offers.iter().any(|offer| offer.agent_id == *agent)
    }
}
