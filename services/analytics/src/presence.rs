//! What an agent was, and from when until when.

use std::collections::BTreeMap;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::{AgentHours, Presence};
use crate::interval::micros_between;
use crate::label::AgentId;
use crate::schedule::{Adherence, Scheduled, Worked, adherence};

/// An agent's presence within a window, in order and without gaps from the first known moment on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PresenceReport {
    pub agent_id: AgentId,
    pub from: Timestamp,
    /// No further than now.
    pub to: Timestamp,
    pub intervals: Vec<PresenceInterval>,
    /// By presence and reason, in the order of their names.
    pub totals: Vec<PresenceTotal>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PresenceInterval {
    pub from: Timestamp,
    /// The moment after; `now` for the current one.
    pub to: Timestamp,
    /// `offline`, `available`, `busy`, `away`, or the tenant's own code.
    pub presence: String,
    /// What was given with it, such as `lunch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The presence lets offers in, whatever else keeps them out.
    pub on_queue: bool,
    /// Offers come in: nothing below keeps them out.
    pub routable: bool,
    pub link: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// Another presence begins when the last slot is free.
    pub leaving: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PresenceTotal {
    pub presence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    pub ms: u64,
    pub routable_ms: u64,
}

/// The best of an agent's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    Connected,
    /// None is connected; one may come back.
    Grace,
    /// There is none.
    Lost,
}

/// Why an agent who wants work is given none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    NotResponding,
    Cooldown,
}

/// What is remembered of an agent's past states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) presence: Presence,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) link: Link,
    pub(crate) suspension: Option<Suspension>,
    pub(crate) is_leaving: bool,
    pub(crate) routable: bool,
}

impl PresenceReport {
    pub(crate) fn new(
        agent_id: AgentId,
        hours: &AgentHours,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Self {
        let to = to.min(now).max(from);
        let intervals = intervals(&hours.history, from, to);
        Self {
            agent_id,
            from,
            to,
            totals: totals(&intervals),
            intervals,
        }
    }

    /// How the presence compares with what was planned; only the plan within the window counts.
    #[must_use]
    pub fn adherence(&self, schedule: &[Scheduled]) -> Adherence {
        let worked = self.intervals.iter().map(|interval| Worked {
            from: interval.from,
            to: interval.to,
            logged_in: interval.presence != Presence::Offline.to_string(),
            on_queue: interval.on_queue,
        });
        let planned = schedule.iter().map(|span| Scheduled {
            from: span.from.clamp(self.from, self.to),
            to: span.to.clamp(self.from, self.to),
            activity: span.activity,
        });
        adherence(&planned.collect::<Vec<_>>(), &worked.collect::<Vec<_>>())
    }
}

fn intervals(
    history: &[(Timestamp, Facts)],
    from: Timestamp,
    to: Timestamp,
) -> Vec<PresenceInterval> {
    let ends = history.iter().skip(1).map(|(since, _)| *since);
    let ends = ends.chain([to]);
    let clipped = history.iter().zip(ends).map(|((since, facts), end)| {
        let (from, to) = ((*since).max(from), end.min(to));
        interval(facts, from, to)
    });
    clipped.filter(|one| one.from < one.to).collect()
}

fn interval(facts: &Facts, from: Timestamp, to: Timestamp) -> PresenceInterval {
    PresenceInterval {
        from,
        to,
        presence: facts.presence.to_string(),
        reason: facts.reason.clone(),
        on_queue: facts.presence.is_routable(),
        routable: facts.routable,
        link: facts.link,
        suspension: facts.suspension,
        leaving: facts.is_leaving,
    }
}

fn totals(intervals: &[PresenceInterval]) -> Vec<PresenceTotal> {
    let mut sums: BTreeMap<(&str, Option<&str>), (u64, u64)> = BTreeMap::new();
    for interval in intervals {
        let micros = micros_between(interval.from, interval.to);
        let of = (&*interval.presence, interval.reason.as_deref());
        let (all, routable) = sums.entry(of).or_default();
        *all += micros;
        *routable += micros * u64::from(interval.routable);
    }
    let totals = sums
        .into_iter()
        .map(|((presence, reason), (all, routable))| PresenceTotal {
            presence: presence.to_owned(),
            reason: reason.map(Into::into),
            ms: all / 1_000,
            routable_ms: routable / 1_000,
        });
    totals.collect()
}
