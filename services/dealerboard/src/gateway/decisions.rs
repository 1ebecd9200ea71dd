//! `GET` of a decision with `?agent=`: why that agent was asked, or why not. A record names the first
//! agents only; what it says of another is found in that agent's events up to those it was based on.

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use agents::{AgentView, Standing, Unroutable};
use http::auth::Principal;
use http::problem::Problem;
use kernel::code::platform;
use kernel::{AggregateId, Parameters, Tenant, View as _, topic};
use pipeline::{Query, Slices, Until, ViewSlice};
use routing::{AgentId, DecisionView, Reason, Record};
use serde_json::{Map, Value};

use super::edited::edited;
use super::readings::age;
use super::views::{self, parameters, unanswerable};
use super::{Gateway, Shared};

pub(super) fn routes(config: &mut ServiceConfig, slices: &Slices) {
    let view = |name| {
        slices
            .views
            .iter()
            .find(|view| view.id.name == name)
            .copied()
    };
    let (Some(decision), Some(agent)) = (view(DecisionView::NAME), view(AgentView::NAME)) else {
        return;
    };
    let get = move |request, principal, gateway| get(request, principal, gateway, decision, agent);
    config.route(decision.route.path, web::get().to(get));
}

async fn get(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
    decision: ViewSlice,
    view: ViewSlice,
) -> Result<HttpResponse, Problem> {
    let asked = parameters(&request).read::<AgentId>("agent");
    let Some(agent) = asked.map_err(|bad| unanswerable(&bad))? else {
        return views::get(&request, &principal, &gateway, decision).await;
    };
    let (tenant, floor) = (&principal.tenant, &gateway.matcher.floor);
    age(floor)?;
    if !floor.ask(|floor| floor.has_agent(tenant, &agent)) {
        return Err(Problem::new(platform::NOT_FOUND, "no agent has that name"));
    }
    let answer = views::get(&request, &principal, &gateway, decision).await?;
    let name = async |body: &mut Map<String, Value>| {
        if body.get("standing").and_then(Value::as_str) == Some("not_named")
            && let Some((standing, why)) = unnamed(&gateway, tenant, &agent, view, body).await
        {
            body.insert("standing".to_owned(), standing.into());
            body.insert("why".to_owned(), why.into());
        }
    };
    Ok(edited(answer, name).await)
}

/// Where the decision left an agent whom it counted only.
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

/// How the agent stood after that position; nothing if that cannot be told now.
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
    let answer = gateway.query.dearly(tenant.as_str(), fold).await.ok()?;
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
