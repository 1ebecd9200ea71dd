//! A queue's state at this moment, and the figures of today.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::agent::Phase;
use crate::ask::{Ask, Cube, Grain, ServiceLevel, Team};
use crate::conversation::Stage;
use crate::day::day_began;
use crate::desk::Desk;
use crate::interval::{interval_from, interval_of, start_of};
use crate::label::QueueId;
use crate::report::{Ratio, Report};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    pub service_level: ServiceLevel,
    /// Seconds.
    pub within_s: u32,
    /// By whose clocks today began.
    pub zone: TimeZone,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Live {
    pub queue: QueueId,
    pub as_of: Timestamp,
    /// Conversations that no agent has yet, those on offer included.
    pub waiting: u64,
    /// Of the waiting, those that an agent is being offered.
    pub offered: u64,
    /// Of the waiting, those who were promised an answer by now.
    pub overdue: u64,
    /// With an agent.
    pub active: u64,
    pub wrap_up: u64,
    /// Set aside by an agent or until the customer is called.
    pub parked: u64,
    /// 0 for an empty queue.
    pub longest_wait_ms: u64,
    pub agents: LiveAgents,
    pub today: Today,
}

/// Agents who serve the queue; each is in one of these but for `logged_in`, in which all are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LiveAgents {
    pub logged_in: u64,
    /// Routable, and nothing to do.
    pub available: u64,
    /// Being offered a conversation, and none at work.
    pub offered: u64,
    /// With at least one conversation at work.
    pub engaged: u64,
    /// Only writing up.
    pub wrap_up: u64,
    /// None of these, and not routable.
    pub away: u64,
}

/// What happened since the day began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Today {
    pub from: Timestamp,
    pub answered: u64,
    pub abandoned: u64,
    pub service_level: Ratio,
    pub promises_kept: Ratio,
    pub occupancy: Ratio,
}

impl Live {
    pub(crate) fn of(
        desk: &Desk,
        queue: &QueueId,
        now: Timestamp,
        settings: &LiveSettings,
    ) -> Self {
        let mut live = Self {
            queue: queue.clone(),
            as_of: now,
            waiting: 0,
            offered: 0,
            overdue: 0,
            active: 0,
            wrap_up: 0,
            parked: 0,
            longest_wait_ms: 0,
            agents: LiveAgents::of(desk, queue),
            today: Today::of(desk, queue, now, settings),
        };
        if let Some(number) = desk.ledger.queues.find(queue) {
            live.add_conversations(desk, number);
        }
        live
    }

    fn add_conversations(&mut self, desk: &Desk, queue: u32) {
        for open in desk.open.values() {
            let Some(origin) = open.origin.filter(|origin| origin.queue == queue) else {
                continue;
            };
            match open.stage {
                Stage::Waiting(waiting) => {
                    self.waiting += 1;
                    self.offered += u64::from(waiting.live_offers > 0);
                    let wait_ms = self.as_of.millis_since(origin.enqueued_at);
                    self.overdue += u64::from(waiting.is_overdue(wait_ms));
                    self.longest_wait_ms = self.longest_wait_ms.max(wait_ms);
                }
                Stage::Handling(_) => self.active += 1,
                Stage::WrapUp(_) => self.wrap_up += 1,
                Stage::Parked | Stage::Callback => self.parked += 1,
                Stage::Between => {}
            }
        }
    }
}

impl LiveAgents {
    fn of(desk: &Desk, queue: &QueueId) -> Self {
        let mut agents = Self::default();
        for agent in desk.agents.values() {
            let standing = &agent.standing;
            if !agent.serves(queue) || !standing.is_logged_in() {
                continue;
            }
            agents.logged_in += 1;
            let talks = standing.count(Phase::Active) + standing.count(Phase::Held) > 0;
            let state = if talks {
                &mut agents.engaged
            } else if standing.is_engaged() {
                &mut agents.wrap_up
            } else if standing.count(Phase::Reserved) > 0 {
                &mut agents.offered
            } else if standing.is_routable() {
                &mut agents.available
            } else {
                &mut agents.away
            };
            *state += 1;
        }
        agents
    }
}

impl Today {
    fn of(desk: &Desk, queue: &QueueId, now: Timestamp, settings: &LiveSettings) -> Self {
        let from = interval_of(day_began(now, &settings.zone));
        let ask = Ask {
            queue: Some(queue.clone()),
            channel: None,
            from: start_of(from),
            to: start_of(interval_from(now).max(from + 1)),
            zone: settings.zone.clone(),
            by: Cube::Closed,
            interval: Grain::Total,
            service_level: settings.service_level,
            within_s: settings.within_s,
            team: Team::Then,
            short_abandon_s: None,
            productive: BTreeSet::new(),
            business_hours: None,
            fcr_days: 0,
        };
        let report = Report::of(desk, &ask, now);
        let figures = report.rows.first().map(|row| &row.figures);
        Self {
            from: ask.from,
            answered: figures.map_or(0, |figures| figures.answered),
            abandoned: figures.map_or(0, |figures| figures.abandoned),
            service_level: figures.map_or(Ratio::NONE, |figures| figures.service_level),
            promises_kept: figures.map_or(Ratio::NONE, |figures| figures.promises_kept),
            occupancy: figures.map_or(Ratio::NONE, |figures| figures.agents.occupancy),
        }
    }
}
