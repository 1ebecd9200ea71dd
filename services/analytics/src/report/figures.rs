//! Every figure, from the sums it is made of.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::ratio::{Ratio, millis};
use super::row::Sums;
use crate::agent::{AgentHours, Hours, Wanted};
use crate::ask::{Ask, ServiceLevel};
use crate::cell::{Cell, Offers, Queued, Tally};
use crate::desk::Desk;
use crate::interval::interval_of;

/// Names of lengths of time end in `_ms`: milliseconds.
///
/// A *wait* is a stay in one queue. It begins when a conversation is queued, also when it is queued
/// again because it was transferred, parked, reopened, or its agent was lost, for then the customer
/// waits again; one that is moved keeps its clock. It ends when the conversation is answered,
/// abandoned, withdrawn (expired, cancelled, closed by force or merged), to be called back, or
/// moved to another queue while it waits.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// Waits that began, by why; by close time, waits that began and ended.
    pub queued: u64,
    pub queued_by: QueuedBy,
    /// Waits that continued in another queue, by overflow or force, and count as offered only there.
    pub moved: u64,
    /// `queued - moved`: each wait once, where it ended or continues.
    pub offered: u64,
    pub answered: u64,
    /// Short ones among them.
    pub abandoned: u64,
    pub abandoned_short: u64,
    /// To be called back; the call itself is no further wait.
    pub callbacks: u64,
    pub callbacks_answered: u64,
    pub withdrawn: u64,
    /// Still waiting now; always 0 by close time.
    pub waiting: u64,

    /// The variant asked for.
    pub service_level: Ratio,
    pub service_levels: ServiceLevels,
    /// Mean wait of the answered, milliseconds.
    pub asa_ms: Ratio,
    pub wait: Waits,
    /// Waits that ended, however they did, within the time in which an answer was promised / that
    /// ended under a promise.
    pub promises_kept: Ratio,
    pub abandon_rate: Ratio,
    /// As if there were no short abandons.
    pub abandon_rate_without_short: Ratio,

    /// Times that an agent had a conversation and was done with it: a transferred one counts twice.
    pub handled: u64,
    pub talk_ms: u64,
    pub hold_ms: u64,
    /// Of those who closed a conversation. Wrap-up after a transfer is known to the agent alone: it
    /// is in `agents.wrap_up_ms`.
    pub wrap_up_ms: u64,
    /// (talk + hold + wrap-up) / handled, milliseconds.
    pub aht_ms: Ratio,
    /// AHT / concurrency of the agents, milliseconds.
    pub aht_adjusted_ms: Option<f64>,
    /// Transferred out, cold or warm / handled.
    pub transfer_rate: Ratio,

    pub offers: OfferFigures,

    /// Closed after they were queued.
    pub closed: u64,
    /// Reopened / closed, each reopening counted where its closing is.
    pub reopen_rate: Ratio,
    /// Resolved and the customer did not come again for the same within `fcr_days` / resolved.
    pub fcr: Ratio,
    /// Among the resolved: those whose days are not over.
    pub fcr_undecided: u64,

    /// From the begin of an episode's first wait to the first message of an agent who has the
    /// conversation: neither a machine's nor a bystander's counts.
    pub first_response_ms: Ratio,
    /// From the earliest unanswered message of the customer to the next one of an agent who has
    /// the conversation; the first response is none.
    pub next_response_ms: Ratio,
    /// The same two by the business hours that the question names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_response_business_ms: Option<Ratio>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_response_business_ms: Option<Ratio>,

    pub agents: AgentFigures,

    /// Lengths of time that were negative by the clocks and count as 0, agents' events before their
    /// time included.
    pub clock_anomalies: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QueuedBy {
    pub enqueued: u64,
    pub handed_off: u64,
    pub unparked: u64,
    pub transferred: u64,
    pub agent_offline: u64,
    pub force_requeued: u64,
    pub reopened: u64,
    pub overflowed: u64,
    pub other: u64,
}

/// Every variant, under the names that the question uses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ServiceLevels {
    #[serde(rename = "SL1")]
    pub of_answered: Ratio,
    #[serde(rename = "SL2")]
    pub of_ended: Ratio,
    #[serde(rename = "SL3")]
    pub of_offered: Ratio,
    #[serde(rename = "SL4")]
    pub of_patient: Ratio,
    #[serde(rename = "SL5")]
    pub of_queued: Ratio,
}

/// Of all waits that ended and did not continue in another queue. A percentile is the least wait that
/// so many of a hundred do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waits {
    pub p50_ms: Option<u64>,
    pub p90_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    /// Also of those who still wait.
    pub longest_ms: Option<u64>,
}

/// The outcomes of offers to agents. A rescinded or cancelled offer does not count against the
/// agent, and one that agents made to themselves not for acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OfferFigures {
    pub accepted: u64,
    pub rejected: u64,
    pub expired: u64,
    /// Accepted, and could not be set up.
    pub failed: u64,
    pub rescinded: u64,
    pub canceled: u64,
    /// accepted / (accepted + rejected + expired)
    pub acceptance: Ratio,
    /// expired / (accepted + rejected + expired)
    pub rona_rate: Ratio,
    /// accepted / (accepted + rejected + expired + failed)
    pub answer_rate: Ratio,
}

/// Time of all agents; with a queue, their time while they served it, or all of it of those who
/// serve it now, by `team`. Events of agents do not name the queue of a slot: all their work
/// counts, whatever queue it is from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentFigures {
    /// Agents with any time counted.
    pub agents: u64,
    /// Any presence but offline.
    pub logged_in_ms: u64,
    /// Offers came in.
    pub routable_ms: u64,
    /// At least one conversation talked to, held or written up; a reservation is none.
    pub busy_ms: u64,
    /// Routable and not busy.
    pub idle_ms: u64,
    /// Of every conversation, so that two at once count twice; likewise the three it is made of.
    pub handle_ms: u64,
    pub talk_ms: u64,
    pub hold_ms: u64,
    pub wrap_up_ms: u64,
    /// busy / (busy + idle)
    pub occupancy: Ratio,
    /// Handle time by the cost of the slot / routable time by the capacity that devices were ready
    /// for. Above 1 when agents finish work while they are not routable.
    pub occupancy_by_capacity: Ratio,
    /// handle / busy: conversations at once.
    pub concurrency: Ratio,
    /// Neither busy nor routable, in a presence that the question names as productive.
    pub productive_ms: u64,
    /// (busy + productive) / logged in
    pub utilisation: Ratio,
}

impl Figures {
    pub(crate) fn of(sums: &Sums, ask: &Ask, desk: &Desk, now: Timestamp) -> Self {
        let Sums { cell, hours, .. } = sums;
        let offered = cell.queued.total().saturating_sub(cell.moved);
        let short = count(&cell.abandoned, |abandon| match ask.short_abandon_s {
            Some(limit_s) => abandon.wait_ms <= u64::from(limit_s) * 1_000,
            None => abandon.short,
        });
        let answered = length(&cell.answered);
        let abandoned = length(&cell.abandoned);
        let handle = cell.talk + cell.hold + cell.wrap_up;
        let agents = AgentFigures::of(hours, sums.agents);
        let aht_ms = Ratio::mean(handle, cell.handled);
        let service_levels = ServiceLevels::of(cell, ask.within_s, offered, short);
        let (fcr, fcr_undecided) = first_contact(cell, ask, desk, now);
        let by_hours = ask.business_hours.as_ref();
        let answered_ms = cell
            .answered
            .iter()
            .fold(0, |sum: u64, ms| sum.saturating_add(*ms));
        Self {
            queued: cell.queued.total(),
            queued_by: QueuedBy::of(&cell.queued),
            moved: cell.moved,
            offered,
            answered,
            abandoned,
            abandoned_short: short,
            callbacks: length(&cell.callbacks),
            callbacks_answered: cell.callbacks_answered,
            withdrawn: length(&cell.withdrawn),
            waiting: sums.waiting,
            service_level: service_levels.variant(ask.service_level),
            service_levels,
            asa_ms: Ratio::new(answered_ms, answered),
            wait: Waits::of(cell, sums.waiting, sums.longest_waiting_ms),
            promises_kept: Ratio::new(cell.promised - cell.overdue, cell.promised),
            abandon_rate: Ratio::new(abandoned, offered),
            abandon_rate_without_short: Ratio::new(
                abandoned - short,
                offered.saturating_sub(short),
            ),
            handled: cell.handled,
            talk_ms: cell.talk / 1_000,
            hold_ms: cell.hold / 1_000,
            wrap_up_ms: cell.wrap_up / 1_000,
            aht_ms,
            aht_adjusted_ms: aht_ms
                .value
                .zip(agents.concurrency.value)
                .filter(|(_, concurrency)| *concurrency > 0.0)
                .map(|(aht, concurrency)| aht / concurrency),
            transfer_rate: Ratio::new(cell.transferred, cell.handled),
            offers: OfferFigures::of(&cell.offers),
            closed: cell.closed,
            reopen_rate: Ratio::new(cell.reopened, cell.closed),
            fcr,
            fcr_undecided,
            first_response_ms: mean(cell.first_responses.all),
            next_response_ms: mean(cell.next_responses.all),
            first_response_business_ms: by_hours.map(|_| mean(sums.first_by_hours)),
            next_response_business_ms: by_hours.map(|_| mean(sums.next_by_hours)),
            agents,
            clock_anomalies: cell.clock_anomalies + hours.clock_anomalies,
        }
    }
}

impl ServiceLevels {
    fn of(cell: &Cell, within_s: u32, offered: u64, short: u64) -> Self {
        let limit_ms = u64::from(within_s) * 1_000;
        let within = |waits: &[u64]| count(waits, |wait_ms| *wait_ms <= limit_ms);
        let answered = within(&cell.answered);
        let abandoned = count(&cell.abandoned, |abandon| abandon.wait_ms <= limit_ms);
        let all_answered = length(&cell.answered);
        let all_ended = all_answered + length(&cell.abandoned);
        let in_time = answered + abandoned + within(&cell.callbacks);
        Self {
            of_answered: Ratio::new(answered, all_answered),
            of_ended: Ratio::new(answered + abandoned, all_ended),
            of_offered: Ratio::new(answered, offered),
            of_patient: Ratio::new(answered, offered.saturating_sub(short)),
            of_queued: Ratio::new(in_time, cell.queued.total()),
        }
    }

    pub(crate) fn variant(&self, variant: ServiceLevel) -> Ratio {
        match variant {
            ServiceLevel::OfAnswered => self.of_answered,
            ServiceLevel::OfEnded => self.of_ended,
            ServiceLevel::OfOffered => self.of_offered,
            ServiceLevel::OfPatient => self.of_patient,
            ServiceLevel::OfQueued => self.of_queued,
        }
    }
}

impl Waits {
    fn of(cell: &Cell, waiting: u64, longest_waiting_ms: u64) -> Self {
        let abandoned = cell.abandoned.iter().map(|abandon| &abandon.wait_ms);
        let others = cell.callbacks.iter().chain(&cell.withdrawn);
        let mut waits: Vec<u64> = cell
            .answered
            .iter()
            .chain(abandoned)
            .chain(others)
            .copied()
            .collect();
        waits.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (waits.len() * percent).div_ceil(100);
            waits.get(rank.checked_sub(1)?).copied()
        };
        let longest_waiting_ms = (waiting > 0).then_some(longest_waiting_ms);
        Self {
            p50_ms: percentile(50),
            p90_ms: percentile(90),
            p95_ms: percentile(95),
            longest_ms: waits.last().copied().max(longest_waiting_ms),
        }
    }
}

impl OfferFigures {
    fn of(offers: &Offers) -> Self {
        let answered = offers.accepted + offers.rejected + offers.expired;
        Self {
            accepted: offers.accepted,
            rejected: offers.rejected,
            expired: offers.expired,
            failed: offers.failed,
            rescinded: offers.rescinded,
            canceled: offers.cancelled,
            acceptance: Ratio::new(offers.accepted, answered),
            rona_rate: Ratio::new(offers.expired, answered),
            answer_rate: Ratio::new(offers.accepted, answered + offers.failed),
        }
    }
}

impl QueuedBy {
    fn of(queued: &Queued) -> Self {
        Self {
            enqueued: queued.enqueued,
            handed_off: queued.handed_off,
            unparked: queued.unparked,
            transferred: queued.transferred,
            agent_offline: queued.agent_offline,
            force_requeued: queued.force_requeued,
            reopened: queued.reopened,
            overflowed: queued.overflowed,
            other: queued.other,
        }
    }
}

impl AgentFigures {
    pub(crate) fn of_one(agent: &AgentHours, ask: &Ask, now: Timestamp) -> Self {
        let mut hours = Hours::default();
        let wanted = Wanted {
            window: (interval_of(ask.from), interval_of(ask.to)),
            now,
            productive: &ask.productive,
            serving: None,
        };
        agent.each(&wanted, |_, part| hours.add(part));
        Self::of(&hours, 1)
    }

    fn of(hours: &Hours, agents: u64) -> Self {
        Self {
            agents,
            logged_in_ms: millis(hours.logged_in),
            routable_ms: millis(hours.routable),
            busy_ms: millis(hours.busy),
            idle_ms: millis(hours.idle),
            handle_ms: millis(hours.handle()),
            talk_ms: millis(hours.talk),
            hold_ms: millis(hours.hold),
            wrap_up_ms: millis(hours.wrap_up),
            occupancy: Ratio::of_micros(hours.busy, hours.busy + hours.idle),
            occupancy_by_capacity: Ratio::of_micros(hours.cost, hours.capacity),
            concurrency: Ratio::of_micros(hours.handle(), hours.busy),
            productive_ms: millis(hours.productive),
            utilisation: Ratio::of_micros(hours.busy + hours.productive, hours.logged_in),
        }
    }
}

/// First-contact resolution, and how many of it may yet turn out otherwise.
fn first_contact(cell: &Cell, ask: &Ask, desk: &Desk, now: Timestamp) -> (Ratio, u64) {
    let window_micros = i64::from(ask.fcr_days) * 86_400_000_000;
    let (mut first, mut undecided) = (0, 0);
    for resolution in &cell.resolved {
        let until = resolution.at.micros().saturating_add(window_micros);
        let until = Timestamp::from_micros(until);
        if !desk
            .ledger
            .came_again(resolution.contact, resolution.at, until)
        {
            first += 1;
            undecided += u64::from(until > now);
        }
    }
    (Ratio::new(first, length(&cell.resolved)), undecided)
}

fn mean(tally: Tally) -> Ratio {
    Ratio::mean(tally.micros, tally.count)
}

fn count<T>(all: &[T], is_counted: impl Fn(&T) -> bool) -> u64 {
    let counted = all.iter().filter(|one| is_counted(one)).count();
    u64::try_from(counted).unwrap_or(u64::MAX)
}

fn length<T>(all: &[T]) -> u64 {
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}
