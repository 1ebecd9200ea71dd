//! An agent's time: the sums, and each presence with its beginning and end.

use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::{Asked, Question, Unanswerable};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NO_AGENT, READ, ask, parameters};
use crate::label::AgentId;
use crate::metrics::Metrics;
use crate::presence::PresenceReport;
use crate::report::AgentFigures;

/// `GET /v1/metrics/agents/{agent_id}`.
pub enum AskAgentFigures {}

/// The time of one agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentTime {
    pub figures: AgentFigures,
    pub presence: PresenceReport,
}

impl Question for AskAgentFigures {
    const ROUTE: QuestionRoute = QuestionRoute::get::<AgentTime>(
        "/v1/metrics/agents/{agent_id}",
        "agent_figures",
        READ,
        AnsweredFrom::LiveProjection,
        "the time of one agent",
    )
    .with(parameters::FIGURES);
    type Of = Metrics;
    type Answer = AgentTime;

    fn answer(metrics: &mut Metrics, asked: &Asked<'_>) -> Result<AgentTime, Unanswerable> {
        let agent: AgentId = asked.part("agent_id")?;
        let (tenant, now, ask) = (asked.tenant, asked.now, ask(metrics, asked)?);
        let figures = metrics.agent_figures(tenant, &agent, &ask, now);
        let presence = metrics.presence(tenant, &agent, ask.from, ask.to, now);
        let found = figures.zip(presence);
        let (figures, presence) = found.ok_or(Unanswerable::Unknown(NO_AGENT))?;
        Ok(AgentTime { figures, presence })
    }
}
