//! What was planned against what was done.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interval::micros_between;
use crate::report::Ratio;

/// A planned span of one agent; spans do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scheduled {
    pub from: Timestamp,
    pub to: Timestamp,
    pub activity: Activity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Ready for customers: adherent while the presence lets offers in.
    OnQueue,
    /// At work but not for customers, such as training: adherent while logged in and off queue.
    OffQueue,
    /// Away: adherent while off queue, logged in or not.
    Break,
}

/// What an agent was for a span of time; spans do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worked {
    pub from: Timestamp,
    pub to: Timestamp,
    pub logged_in: bool,
    pub on_queue: bool,
}

/// Shares of planned time, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Adherence {
    /// Planned time in which the agent did as planned / planned time: when was it done?
    pub adherence: Ratio,
    /// Time on queue, planned or not / time planned on queue: was enough done? May be above 1.
    pub conformance: Ratio,
}

/// Compares a plan with what was done. Time of which nothing is known is taken as logged out.
#[must_use]
pub fn adherence(schedule: &[Scheduled], worked: &[Worked]) -> Adherence {
    let planned = |which: fn(&Activity) -> bool| -> u64 {
        let spans = schedule.iter().filter(|span| which(&span.activity));
        spans.map(|span| micros_between(span.from, span.to)).sum()
    };
    let on_queue = worked.iter().filter(|span| span.on_queue);
    let done: u64 = on_queue
        .map(|span| micros_between(span.from, span.to))
        .sum();
    let adherent: u64 = schedule.iter().map(|span| adherent(span, worked)).sum();
    Adherence {
        adherence: Ratio::of_micros(adherent, planned(|_| true)),
        conformance: Ratio::of_micros(done, planned(|activity| *activity == Activity::OnQueue)),
    }
}

/// Microseconds of the span in which the agent did as planned.
fn adherent(span: &Scheduled, worked: &[Worked]) -> u64 {
    let overlap = |other: &Worked| micros_between(span.from.max(other.from), span.to.min(other.to));
    let known: u64 = worked.iter().map(overlap).sum();
    let as_planned = worked.iter().filter(|other| match span.activity {
        Activity::OnQueue => other.on_queue,
        Activity::OffQueue => other.logged_in && !other.on_queue,
        Activity::Break => !other.on_queue,
    });
    let adherent: u64 = as_planned.map(overlap).sum();
    let unknown = micros_between(span.from, span.to).saturating_sub(known);
    match span.activity {
        Activity::Break => adherent + unknown,
        Activity::OnQueue | Activity::OffQueue => adherent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn scheduled(from: i64, to: i64, activity: Activity) -> Scheduled {
        let (from, to) = (minute(from), minute(to));
        Scheduled { from, to, activity }
    }

    fn worked(from: i64, to: i64, on_queue: bool) -> Worked {
        Worked {
            from: minute(from),
            to: minute(to),
            logged_in: true,
            on_queue,
        }
    }

    /// Plan: on queue 0-60, training 60-90, break 90-100. Done: on queue 10-70, off queue 70-95.
    /// As planned: 50 + 20 + (5 off queue + 5 gone) = 80 of 100 minutes. On queue: 60 of 60.
    #[test]
    fn agent_who_was_late_conforms_without_adhering() {
        let plan = [
            scheduled(0, 60, Activity::OnQueue),
            scheduled(60, 90, Activity::OffQueue),
            scheduled(90, 100, Activity::Break),
        ];
        let done = [worked(10, 70, true), worked(70, 95, false)];
        let compared = adherence(&plan, &done);
        assert_eq!(compared.adherence.value, Some(0.8));
        assert_eq!(compared.adherence.denominator, 6_000_000);
        assert_eq!(compared.conformance.value, Some(1.0));
    }

    #[test]
    fn without_a_plan_there_is_no_share() {
        let compared = adherence(&[], &[worked(0, 1, true)]);
        assert_eq!(compared.adherence.value, None);
        assert_eq!(compared.conformance.value, None);
    }
}
