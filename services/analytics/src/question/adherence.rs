//! What an agent did compared with what was planned.

use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::{Asked, Question, Unanswerable};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{NO_AGENT, READ, ask, parameters};
use crate::label::AgentId;
use crate::metrics::Metrics;
use crate::schedule::{Adherence, Scheduled};

/// Spans of one schedule: a month of quarters of an hour.
const SCHEDULE_MAX: usize = 3_000;

/// `POST /v1/metrics/agents/{agent_id}/adherence`: a question with a body, which changes nothing.
pub enum AskAdherence {}

/// A plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Planned {
    /// What was planned, in spans that do not overlap; 3,000 at most.
    schedule: Vec<Scheduled>,
}

impl Question for AskAdherence {
    const ROUTE: QuestionRoute = QuestionRoute::get::<Adherence>(
        "/v1/metrics/agents/{agent_id}/adherence",
        "agent_adherence",
        READ,
        AnsweredFrom::LiveProjection,
        "compares what an agent did with a schedule",
    )
    .with(parameters::FIGURES)
    .with_body::<Planned>();
    type Of = Metrics;
    type Answer = Adherence;

    fn answer(metrics: &mut Metrics, asked: &Asked<'_>) -> Result<Adherence, Unanswerable> {
        let planned: Planned = asked.read_body()?;
        if planned.schedule.len() > SCHEDULE_MAX {
            let detail = format!("a schedule has at most {SCHEDULE_MAX} spans");
            return Err(Unanswerable::TooMuch(detail));
        }
        let agent: AgentId = asked.part("agent_id")?;
        let ask = ask(metrics, asked)?;
        let presence = metrics.presence(asked.tenant, &agent, ask.from, ask.to, asked.now);
        let presence = presence.ok_or(Unanswerable::Unknown(NO_AGENT))?;
        Ok(presence.adherence(&planned.schedule))
    }
}
