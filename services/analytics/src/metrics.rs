//! The fold of all events, and what it can be asked.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use kernel::{AggregateId, BadParameter, EventMeta, Parameters, Tenant, Timestamp, zone_named};

use crate::agent::{AgentEvent, AgentHours};
use crate::ask::{Ask, ServiceLevel};
use crate::conversation::ConversationEvent;
use crate::desk::Desk;
use crate::label::{AgentId, QueueId};
use crate::live::{Live, LiveSettings};
use crate::presence::PresenceReport;
use crate::queue::QueueEvent;
use crate::report::{AgentFigures, Report};

/// The figures of every tenant.
///
/// Events of one stream come in order; streams may be interleaved in any way, and the figures are
/// the same. An event that comes again is not counted again.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pub(crate) desks: HashMap<Tenant, Desk>,
}

impl Metrics {
    /// The contexts whose events are folded.
    pub const CONTEXTS: [&'static str; 3] = ["agents", "conversations", "queues"];

    /// Whether an event of this name is counted; others need not be decoded.
    #[must_use]
    pub fn wants(context: &str, kind: &str) -> bool {
        match context {
            "agents" => AgentEvent::wants(kind),
            "conversations" => ConversationEvent::wants(kind),
            "queues" => QueueEvent::wants(kind),
            _ => false,
        }
    }

    /// `event` was read from a record of `conversations`.
    pub fn conversation(&mut self, meta: &EventMeta, event: ConversationEvent) {
        self.desk(&meta.tenant).conversation(meta, event);
    }

    /// `event` was read from a record of `agents`.
    pub fn agent(&mut self, meta: &EventMeta, event: AgentEvent) {
        self.desk(&meta.tenant).agent(meta, event);
    }

    /// `event` was read from a record of `queues`.
    pub fn queue(&mut self, meta: &EventMeta, event: QueueEvent) {
        self.desk(&meta.tenant).queue(meta, event);
    }

    /// The question that the parameters ask; days are those of the `zone` that they name, or else of
    /// the queue asked for.
    ///
    /// # Errors
    /// A parameter is not of its kind, or the window is empty or longer than 31 days.
    pub fn question(
        &self,
        tenant: &Tenant,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Ask, BadParameter> {
        let queue = parameters.read("queue")?;
        let zone = self.zone(tenant, queue.as_ref(), parameters.get("zone"))?;
        Ask::read(parameters, now, queue, zone)
    }

    /// What the live figures of a queue are compared with, by its service level: its today is that of
    /// the zone named, or else of its own.
    ///
    /// # Errors
    /// There is no zone of that name.
    pub fn live_settings(
        &self,
        tenant: &Tenant,
        queue: &QueueId,
        within_s: u32,
        zone: Option<&str>,
    ) -> Result<LiveSettings, BadParameter> {
        Ok(LiveSettings {
            service_level: ServiceLevel::default(),
            within_s,
            zone: self.zone(tenant, Some(queue), zone)?,
        })
    }

    fn zone(
        &self,
        tenant: &Tenant,
        queue: Option<&QueueId>,
        named: Option<&str>,
    ) -> Result<TimeZone, BadParameter> {
        let own = || self.desks.get(tenant)?.queues.get(queue?);
        match named {
            Some(name) => zone_named(name).ok_or_else(|| BadParameter {
                name: "zone",
                reason: "is not the name of a time zone".to_owned(),
            }),
            None => Ok(own().map_or(TimeZone::UTC, |queue| queue.zone.clone())),
        }
    }

    /// The figures asked for; time still running is counted until `now`.
    #[must_use]
    pub fn report(&self, tenant: &Tenant, ask: &Ask, now: Timestamp) -> Report {
        match self.desks.get(tenant) {
            Some(desk) => Report::of(desk, ask, now),
            None => Report::of(&Desk::default(), ask, now),
        }
    }

    /// Whether the queue was ever configured, served, or waited in.
    #[must_use]
    pub fn knows(&self, tenant: &Tenant, queue: &QueueId) -> bool {
        let desk = self.desks.get(tenant);
        desk.is_some_and(|desk| desk.knows(queue))
    }

    /// A queue's state at `now`.
    #[must_use]
    pub fn live(
        &self,
        tenant: &Tenant,
        queue: &QueueId,
        now: Timestamp,
        settings: &LiveSettings,
    ) -> Live {
        match self.desks.get(tenant) {
            Some(desk) => Live::of(desk, queue, now, settings),
            None => Live::of(&Desk::default(), queue, now, settings),
        }
    }

    /// One agent's time in the window asked for; only that part of the question counts. `None`: an
    /// unknown agent.
    #[must_use]
    pub fn agent_figures(
        &self,
        tenant: &Tenant,
        agent: &AgentId,
        ask: &Ask,
        now: Timestamp,
    ) -> Option<AgentFigures> {
        let hours = self.hours(tenant, agent)?;
        Some(AgentFigures::of_one(hours, ask, now))
    }

    /// What an agent was from `from` to `to`, as far as `now`. `None`: an unknown agent.
    #[must_use]
    pub fn presence(
        &self,
        tenant: &Tenant,
        agent: &AgentId,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Option<PresenceReport> {
        let hours = self.hours(tenant, agent)?;
        Some(PresenceReport::new(agent.clone(), hours, from, to, now))
    }

    fn hours(&self, tenant: &Tenant, agent: &AgentId) -> Option<&AgentHours> {
        let id = AggregateId::new(agent.as_str()).ok()?;
        self.desks.get(tenant)?.agents.get(&id).map(AsRef::as_ref)
    }

    /// How many conversations are kept open, and how many closed.
    #[cfg(test)]
    pub(crate) fn conversations_kept(&self, tenant: &Tenant) -> (usize, usize) {
        self.desks.get(tenant).map_or((0, 0), |desk| {
            (desk.open.iter().count(), desk.closed.iter().count())
        })
    }

    fn desk(&mut self, tenant: &Tenant) -> &mut Desk {
        if !self.desks.contains_key(tenant) {
            self.desks.insert(tenant.clone(), Desk::default());
        }
        self.desks
            .get_mut(tenant)
            .expect("a desk that was missing has just been inserted")
    }
}
