//! An agent as a query answers it: a fold of its events.

use std::collections::BTreeMap;

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Agent;
use super::event::AgentEvent;
use super::label::{Channel, Queue};
use super::route;
use super::slot::PhaseName;
use super::standing::Standing;
use super::summary::{AgentState, AgentSummary};

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AgentView(pub Option<AgentSummary>);

impl View for AgentView {
    type Of = Agent;
    const NAME: &'static str = "agent";
    const VERSION: u16 = 2;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] = &[
        Parameter::of::<Queue>("queue", "those who serve the queue"),
        Parameter::of::<AgentState>("state", "those in the state"),
    ];

    const INDEXED: &'static [&'static str] = &["queue"];

    /// `?queue=FX-VIP`, `?state=available`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let queue = parameters.read::<Queue>("queue")?;
        let state = parameters.read::<AgentState>("state")?;
        if queue.is_none() && state.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |Self(agent)| {
            agent.as_ref().is_some_and(|agent| {
                let serves = |queue| agent.standing.queues.contains(queue);
                queue.as_ref().is_none_or(serves) && state.is_none_or(|state| agent.state == state)
            })
        })))
    }

    fn indexed(&self, note: &mut dyn FnMut(&'static str, &str)) {
        if let Self(Some(agent)) = self {
            for queue in &agent.standing.queues {
                note("queue", queue.as_str());
            }
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &AgentEvent) {
        self.0
            .get_or_insert_with(|| AgentSummary::new(meta))
            .update(meta, event);
    }
}

impl AgentSummary {
    fn new(meta: &EventMeta) -> Self {
        let standing = Standing::default();
        Self {
            agent_id: meta.aggregate.clone(),
            state: AgentState::of(&standing),
            draining: 0,
            since: meta.at,
            link: standing.link(),
            used: BTreeMap::new(),
            idle_since: None,
            last_freed: None,
            version: 0,
            updated_at: meta.at,
            standing,
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &AgentEvent) {
        let took_offers = self.standing.takes_offers();
        self.standing.apply(event);
        let lets_offers_in = !took_offers && self.standing.takes_offers();
        if lets_offers_in || ends_work(event) {
            self.last_freed = Some(meta.at);
        }
        if matches!(event, AgentEvent::PresenceChanged(_)) {
            self.since = meta.at;
        }
        self.version = meta.sequence;
        self.updated_at = meta.at;
        self.state = AgentState::of(&self.standing);
        self.draining = if self.standing.chosen.presence.is_routable() {
            0
        } else {
            self.standing.slots.len()
        };
        self.link = self.standing.link();
        self.used = used(&self.standing);
        self.idle_since = self.idle_since(meta.at);
    }

    /// The clock starts when the last slot is freed or the agent begins to take offers, whichever is
    /// later. A reservation does not stop it: only work does.
    fn idle_since(&self, at: Timestamp) -> Option<Timestamp> {
        if !self.standing.takes_offers() || self.standing.work() > 0 {
            return None;
        }
        let starts = self.standing.slots.is_empty().then_some(at);
        self.idle_since.or(starts)
    }
}

fn ends_work(event: &AgentEvent) -> bool {
    matches!(event, AgentEvent::SlotReleased(released) if released.phase != PhaseName::Reserved)
}

fn used(standing: &Standing) -> BTreeMap<Channel, u32> {
    let in_use = standing.slots.values().map(|slot| &slot.channel);
    standing
        .capacity
        .keys()
        .chain(in_use)
        .map(|channel| (channel.clone(), standing.used(channel)))
        .collect()
}
