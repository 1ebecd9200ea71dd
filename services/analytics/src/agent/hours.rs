//! An agent's time, summed per interval.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{EventMeta, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{AgentEvent, Presence};
use super::standing::Standing;
use super::teams::Teams;
use crate::interval::{interval_of, split, start_of};
use crate::label::{PresenceCode, QueueId};
use crate::pairs::{self, is_default};
use crate::presence::Facts;

/// An agent with the sums of the time up to the last event. Each query adds the time since, which
/// is never kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AgentHours {
    sequence: u64,
    /// Time of the last event, never before that of the event before.
    since: Option<Timestamp>,
    pub(crate) standing: Standing,
    teams: Teams,
    pace: Pace,
    /// By interval, and by the team of then.
    #[serde(with = "pairs")]
    cells: BTreeMap<Span, Hours>,
    /// Microseconds in which the agent was there and neither worked nor waited for work.
    #[serde(with = "pairs")]
    aside: BTreeMap<(Span, Presence), u64>,
    /// Each with since when.
    pub(crate) history: Vec<(Timestamp, Facts)>,
}

/// Number of an interval, and of the queues that were served in it.
type Span = (i64, usize);

/// Which of an agent's time is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Intervals from the first to before the second.
    pub(crate) window: (i64, i64),
    /// Time still running is counted until then.
    pub(crate) now: Timestamp,
    /// Presences that are work without customers.
    pub(crate) productive: &'a BTreeSet<PresenceCode>,
    /// Only while this queue was served.
    pub(crate) serving: Option<&'a QueueId>,
}

/// How much of each sum a microsecond adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pace {
    pub(super) logged_in: bool,
    pub(super) routable: bool,
    pub(super) busy: bool,
    pub(super) talk: u64,
    pub(super) hold: u64,
    pub(super) wrap_up: u64,
    pub(super) cost: u64,
    pub(super) capacity: u64,
}

/// Microseconds of one agent or of several; wide enough for a month of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Hours {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) logged_in: u128,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) routable: u128,
    /// At least one slot at work.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) busy: u128,
    /// Routable, and no slot at work.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) idle: u128,
    /// Of every slot, so that two at once count twice; the two that follow likewise.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) talk: u128,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) hold: u128,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) wrap_up: u128,
    /// Of every slot at work, times its cost.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) cost: u128,
    /// Routable, times the capacity.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) capacity: u128,
    /// Without work in a presence that the caller counts as work; never kept.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) productive: u128,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) clock_anomalies: u64,
}

impl AgentHours {
    pub(crate) fn fold(&mut self, meta: &EventMeta, event: AgentEvent) {
        if meta.sequence <= self.sequence {
            return;
        }
        self.sequence = meta.sequence;
        let at = self.since.map_or(meta.at, |since| since.max(meta.at));
        self.pass(at);
        if meta.at < at {
            let span = (interval_of(at), self.teams.current());
            self.cells.entry(span).or_default().clock_anomalies += 1;
        }
        self.since = Some(at);
        match event {
            AgentEvent::QueuesChanged(changed) => self.teams.change(changed.queues),
            event => self.standing.apply(event),
        }
        self.pace = self.standing.pace();
        self.remember(at);
    }

    fn pass(&mut self, at: Timestamp) {
        if let (Some(since), true) = (self.since, self.pace.is_moving()) {
            let (cells, pace, team) = (&mut self.cells, self.pace, self.teams.current());
            split(since, at, |interval, micros| {
                let cell = cells.entry((interval, team)).or_default();
                cell.pass(&pace, micros);
            });
            if let Some(presence) = self.standing.aside() {
                split(since, at, |interval, micros| {
                    let key = ((interval, team), presence.clone());
                    *self.aside.entry(key).or_default() += micros;
                });
            }
        }
    }

    fn remember(&mut self, at: Timestamp) {
        let facts = self.standing.facts();
        if self.history.last().is_some_and(|(_, last)| *last == facts) {
            return;
        }
        // What lasted no time was never seen.
        if self.history.last().is_some_and(|(since, _)| *since == at) {
            self.history.pop();
        }
        if self.history.last().is_none_or(|(_, last)| *last != facts) {
            self.history.push((at, facts));
        }
    }

    pub(crate) fn serves(&self, queue: &QueueId) -> bool {
        self.teams.serves(self.teams.current(), queue)
    }

    pub(crate) fn ever_served(&self, queue: &QueueId) -> bool {
        self.teams.ever_served(queue)
    }

    /// The sums of each interval in order, the open span until now among them.
    pub(crate) fn each(&self, wanted: &Wanted<'_>, mut each: impl FnMut(i64, &Hours)) {
        let (from, to) = wanted.window;
        let is_wanted = |team| {
            let queue = wanted.serving;
            queue.is_none_or(|queue| self.teams.serves(team, queue))
        };
        let kept = self.cells.range((from, 0)..(to, 0));
        for (span, hours) in kept.filter(|((_, team), _)| is_wanted(*team)) {
            let productive = self.productive(*span, wanted.productive);
            let mut hours = *hours;
            hours.productive = productive;
            each(span.0, &hours);
        }
        if is_wanted(self.teams.current()) {
            self.each_open(wanted, each);
        }
    }

    /// What has passed since the last event.
    fn each_open(&self, wanted: &Wanted<'_>, mut each: impl FnMut(i64, &Hours)) {
        let Some(since) = self.since.filter(|_| self.pace.is_moving()) else {
            return;
        };
        let (from, to) = wanted.window;
        let aside = self.standing.aside();
        let is_productive = aside.is_some_and(|presence| names(wanted.productive, presence));
        let until = wanted.now.min(start_of(to));
        split(since.max(start_of(from)), until, |interval, micros| {
            let mut open = Hours::default();
            open.pass(&self.pace, micros);
            if is_productive {
                open.productive = micros.into();
            }
            each(interval, &open);
        });
    }

    fn productive(&self, (interval, team): Span, asked: &BTreeSet<PresenceCode>) -> u128 {
        if asked.is_empty() {
            return 0;
        }
        let first = |team| ((interval, team), Presence::default());
        let aside = self.aside.range(first(team)..first(team + 1));
        let productive = aside.filter(|((_, presence), _)| names(asked, presence));
        productive.map(|(_, micros)| u128::from(*micros)).sum()
    }
}

fn names(asked: &BTreeSet<PresenceCode>, presence: &Presence) -> bool {
    let name = presence.to_string();
    asked.iter().any(|code| code.as_str() == name)
}

impl Pace {
    fn is_moving(&self) -> bool {
        *self != Self::default()
    }
}

impl Hours {
    fn pass(&mut self, pace: &Pace, micros: u64) {
        let times = |n: u64| u128::from(n) * u128::from(micros);
        self.logged_in += times(pace.logged_in.into());
        self.routable += times(pace.routable.into());
        self.busy += times(pace.busy.into());
        self.idle += times((pace.routable && !pace.busy).into());
        self.talk += times(pace.talk);
        self.hold += times(pace.hold);
        self.wrap_up += times(pace.wrap_up);
        self.cost += times(pace.cost);
        self.capacity += times(pace.capacity);
    }

    pub(crate) fn handle(&self) -> u128 {
        self.talk + self.hold + self.wrap_up
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.logged_in += other.logged_in;
        self.routable += other.routable;
        self.busy += other.busy;
        self.idle += other.idle;
        self.talk += other.talk;
        self.hold += other.hold;
        self.wrap_up += other.wrap_up;
        self.cost += other.cost;
        self.capacity += other.capacity;
        self.productive += other.productive;
        self.clock_anomalies += other.clock_anomalies;
    }
}
