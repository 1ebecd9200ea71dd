//! `GET` of a decision with `?agent=`: why that agent was asked, or why not. A record names the first
//! agents only; how it left another one is found in that agent's events up to those it was based on.

use std::sync::Arc;

use actix_web::HttpResponse;
use agents::{AgentView, Standing, Unroutable};
use async_trait::async_trait;
use gateway::{Gateway, ViewExtension, age, bad_parameter, edited};
use http::auth::Principal;
use http::problem::Problem;
use kernel::code::platform;
use kernel::{AggregateId, Parameters, Tenant, View as _, topic};
use pipeline::{Followed, Query, Until, ViewSlice};
use routing::{AgentId, DecisionView, Floor, Reason, Record};
use serde_json::{Map, Value};

/// Adds how a decision left one agent.
pub struct DecisionOfAgent {
    pub floor: Followed<Floor>,
}

#[async_trait(?Send)]
impl ViewExtension for DecisionOfAgent {
    fn view(&self) -> &'static str {
        DecisionView::NAME
    }

    async fn extend(
        &self,
        gateway: &Arc<Gateway>,
        principal: &Principal,
        parameters: &Parameters,
        answer: HttpResponse,
    ) -> Result<HttpResponse, Problem> {
        let agent = parameters.read::<AgentId>("agent");
        let Some(agent) = agent.map_err(|bad| bad_parameter(&bad))? else {
            return Ok(answer);
        };
        let tenant = &principal.tenant;
        age(&self.floor)?;
        if !self.floor.ask(|floor| floor.has_agent(tenant, &agent)) {
            return Err(Problem::new(platform::NOT_FOUND, "no agent has that name"));
        }
        let mut views = gateway.table.views();
        let Some(view) = views.find(|view| view.id.name == AgentView::NAME) else {
            return Ok(answer);
        };
        let name = async |body: &mut Map<String, Value>| {
            if body.get("standing").and_then(Value::as_str) == Some("not_named")
                && let Some((standing, why)) = unnamed(gateway, tenant, &agent, view, body).await
            {
                body.insert("standing".to_owned(), standing.into());
                body.insert("why".to_owned(), why.into());
            }
        };
        Ok(edited(answer, name).await)
    }
}

/// How the decision left an agent whom it only counted.
async fn unnamed(
    gateway: &Gateway,
    tenant: &Tenant,
    agent: &AgentId,
    view: ViewSlice,
    decision: &Map<String, Value>,
) -> Option<(&'static str, String)> {
    let record = serde_json::from_value(decision.get("record")?.clone());
    let record: Record = record.ok()?;
    let key = topic::key(tenant, &AggregateId::new(agent.as_str()).ok()?);
    let partition = topic::partition_of(key.as_bytes(), gateway.partitions);
    let seen = record.based_on.get(view.of)?.get(usize::from(partition))?;
    let then = standing(gateway, tenant, view, &key, *seen).await?;
    Some(match then {
        Some(then) => found(&then, &record),
        None => ("excluded", "was not known yet".to_owned()),
    })
}

/// The agent's state after that log position; nothing if it cannot be read now.
async fn standing(
    gateway: &Gateway,
    tenant: &Tenant,
    view: ViewSlice,
    key: &Arc<str>,
    position: u64,
) -> Option<Option<Standing>> {
    let key = Arc::clone(key);
    let fold = |query: Query| async move {
        let until = Until::LogPosition(position);
        query
            .folded(&view, &key, until, &Parameters::default())
            .await
    };
    let answer = gateway
        .query
        .run_expensive(tenant.as_str(), fold)
        .await
        .ok()?;
    let Some(value) = answer.value else {
        return Some(None);
    };
    let shown: AgentView = serde_json::from_slice(&value.body).ok()?;
    Some(shown.0.map(|agent| agent.standing))
}

fn found(then: &Standing, record: &Record) -> (&'static str, String) {
    let serves = then
        .queues
        .iter()
        .any(|queue| queue.as_str() == record.queue_id.as_str());
    if !serves {
        return ("excluded", "did not serve the queue".to_owned());
    }
    match excluded(then, record) {
        Some(why) => ("excluded", why),
        None => {
            let first = record.candidates.len();
            let why = format!(
                "could take it, behind the first {first} of {}",
                record.candidates_total
            );
            ("candidate", why)
        }
    }
}

fn excluded(then: &Standing, record: &Record) -> Option<String> {
    let channel = record.channel.as_str().parse().ok()?;
    if let Some(why) = then.unroutable(&channel) {
        return Some(reason(&why).to_string());
    }
    if let Some(work) = then.busy_on(&channel) {
        return Some(format!("{}: {work}", Reason::BusyOnChannel));
    }
    if then.free(&channel) == 0 {
        return Some(Reason::NoCapacity.to_string());
    }
    let knows = |skill: &str| then.skills.keys().any(|known| known.as_str() == skill);
    let mut required = record.requirements.iter();
    let missing = required.find(|skill| !knows(skill.as_str()))?;
    Some(format!("{}: {missing}", Reason::SkillMissing))
}

/// As a decision says it.
fn reason(why: &Unroutable) -> Reason {
    match why {
        Unroutable::Presence(_) => Reason::Presence,
        Unroutable::NotConnected => Reason::NotConnected,
        Unroutable::NextPresence(_) => Reason::NextPresence,
        Unroutable::NotResponding => Reason::NotResponding,
        Unroutable::Cooldown => Reason::Cooldown,
        Unroutable::NotPermitted => Reason::NotPermitted,
        Unroutable::DeviceNotReady => Reason::DeviceNotReady,
        Unroutable::BusyOn(_) => Reason::BusyOnChannel,
        Unroutable::SkillMissing { .. } => Reason::SkillMissing,
    }
}
