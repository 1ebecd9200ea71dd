//! A report: which sums go into which row.

use std::collections::BTreeMap;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::figures::Figures;
use crate::agent::{AgentHours, Hours, Wanted};
use crate::ask::{Ask, Cube, Grain, Team};
use crate::cell::{Cell, Tally};
use crate::conversation::{Origin, Stage};
use crate::day::days_between;
use crate::desk::Desk;
use crate::interval::{interval_of, start_of};

/// The figures of a window, with what they were made by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    pub settings: Ask,
    /// Time still running was counted until then.
    pub as_of: Timestamp,
    /// In order of time. Intervals in which nothing is counted have none; a total always is one.
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    pub from: Timestamp,
    pub to: Timestamp,
    #[serde(flatten)]
    pub figures: Figures,
}

/// All that the figures of a row are made of.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) cell: Cell,
    /// Responses by the business hours asked for.
    pub(crate) first_by_hours: Tally,
    pub(crate) next_by_hours: Tally,
    pub(crate) waiting: u64,
    /// Milliseconds of those who still wait.
    pub(crate) longest_waiting_ms: u64,
    pub(crate) hours: Hours,
    /// Agents with any time in the row.
    pub(crate) agents: u64,
}

/// The rows in the making, by their first interval.
struct Rows {
    /// First intervals in order of the rows there may be; absent where each interval is a row.
    firsts: Option<Vec<i64>>,
    sums: BTreeMap<i64, Sums>,
}

/// Which cells are meant: an unknown name means none.
struct Select {
    queue: Option<Option<u32>>,
    channel: Option<Option<u32>>,
    from: i64,
    to: i64,
}

impl Report {
    pub(crate) fn of(desk: &Desk, ask: &Ask, now: Timestamp) -> Self {
        let to = interval_of(ask.to);
        let mut rows = Rows::new(ask);
        rows.add_cells(desk, ask, now);
        rows.add_hours(desk, ask, now);
        let lasts: Vec<_> = rows
            .sums
            .keys()
            .map(|first| rows.after(*first, to))
            .collect();
        let rows = rows.sums.into_iter().zip(lasts);
        let rows = rows.map(|((first, sums), last)| Row {
            from: start_of(first),
            to: start_of(last),
            figures: Figures::of(&sums, ask, desk, now),
        });
        Self {
            settings: ask.clone(),
            as_of: now,
            rows: rows.collect(),
        }
    }
}

impl Select {
    fn new(desk: &Desk, ask: &Ask) -> Self {
        let queues = &desk.ledger.queues;
        let channels = &desk.ledger.channels;
        Self {
            queue: ask.queue.as_ref().map(|name| queues.find(name)),
            channel: ask.channel.as_ref().map(|name| channels.find(name)),
            from: interval_of(ask.from),
            to: interval_of(ask.to),
        }
    }

    fn admits(&self, queue: u32, channel: u32) -> bool {
        self.queue.is_none_or(|asked| asked == Some(queue))
            && self.channel.is_none_or(|asked| asked == Some(channel))
    }

    fn admits_origin(&self, origin: Origin) -> bool {
        (self.from..self.to).contains(&interval_of(origin.enqueued_at))
            && self.admits(origin.queue, origin.channel)
    }
}

impl Rows {
    fn new(ask: &Ask) -> Self {
        let first = interval_of(ask.from);
        let days = || days_between(ask.from, ask.to, &ask.zone).into_iter();
        let firsts = match ask.interval {
            Grain::Total => Some(vec![first]),
            Grain::Day => Some([first].into_iter().chain(days().map(interval_of)).collect()),
            Grain::Interval => None,
        };
        let is_total = ask.interval == Grain::Total;
        let only = is_total.then(|| (first, Sums::default()));
        Self {
            firsts,
            sums: only.into_iter().collect(),
        }
    }

    /// The first interval of the row that the interval is in.
    fn first(&self, interval: i64) -> i64 {
        let Some(firsts) = &self.firsts else {
            return interval;
        };
        let until = firsts.partition_point(|first| *first <= interval);
        let first = until.checked_sub(1).and_then(|last| firsts.get(last));
        first.copied().unwrap_or(interval)
    }

    /// The interval after the row, in a window that ends before `to`.
    fn after(&self, first: i64, to: i64) -> i64 {
        let Some(firsts) = &self.firsts else {
            return first + 1;
        };
        let next = firsts.iter().find(|next| **next > first);
        next.copied().unwrap_or(to)
    }

    fn of(&mut self, interval: i64) -> &mut Sums {
        let first = self.first(interval);
        self.sums.entry(first).or_default()
    }

    fn add_cells(&mut self, desk: &Desk, ask: &Ask, now: Timestamp) {
        let select = Select::new(desk, ask);
        let cells = match ask.by {
            Cube::Enqueued => &desk.ledger.by_enqueued,
            Cube::Closed => &desk.ledger.by_closed,
        };
        for (key, cell) in cells.within(select.from, select.to) {
            if select.admits(key.queue, key.channel) {
                let sums = self.of(key.interval);
                sums.cell.add(cell);
                if let Some(hours) = &ask.business_hours {
                    sums.first_by_hours.add(cell.first_responses.by(hours));
                    sums.next_by_hours.add(cell.next_responses.by(hours));
                }
            }
        }
        if ask.by == Cube::Enqueued {
            self.add_waiting(desk, &select, now);
        }
    }

    fn add_waiting(&mut self, desk: &Desk, select: &Select, now: Timestamp) {
        for open in desk.open.values() {
            let (Stage::Waiting(waiting), Some(origin)) = (open.stage, open.origin) else {
                continue;
            };
            if waiting.is_counted && select.admits_origin(origin) {
                let sums = self.of(interval_of(origin.enqueued_at));
                let wait_ms = now.millis_since(origin.enqueued_at);
                sums.waiting += 1;
                sums.longest_waiting_ms = sums.longest_waiting_ms.max(wait_ms);
            }
        }
    }

    fn add_hours(&mut self, desk: &Desk, ask: &Ask, now: Timestamp) {
        let queue = ask.queue.as_ref();
        let wanted = Wanted {
            window: (interval_of(ask.from), interval_of(ask.to)),
            now,
            productive: &ask.productive,
            serving: queue.filter(|_| ask.team == Team::Then),
        };
        let is_of_team = |agent: &&AgentHours| {
            ask.team == Team::Then || queue.is_none_or(|queue| agent.serves(queue))
        };
        let agents = desk.agents.values().map(AsRef::as_ref);
        for agent in agents.filter(is_of_team) {
            // Several parts of one row may follow each other.
            let mut last = None;
            agent.each(&wanted, |interval, hours| {
                let row = self.first(interval);
                let sums = self.of(interval);
                sums.hours.add(hours);
                if last != Some(row) {
                    last = Some(row);
                    sums.agents += 1;
                }
            });
        }
    }
}
