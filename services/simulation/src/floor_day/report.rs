//! The figures of a played day, beside those of queueing theory.

use std::fmt;

use kernel::Timestamp;

use super::comparison::{Estimate, Theory};
use super::day::Day;

/// What of a call has happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Played {
    pub(super) agent_id: Option<Box<str>>,
    pub(super) enqueued_at: Option<Timestamp>,
    pub(super) offered_at: Option<Timestamp>,
    pub(super) connected_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) abandoned: bool,
}

/// All in seconds of the day.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    pub(crate) queue: String,
    pub(crate) calls: usize,
    pub(crate) answered: usize,
    /// Those who gave up while an offer was being accepted among them.
    pub(crate) abandoned: usize,
    /// What the platform itself takes from the queue to the offer: the tenth shortest wait of a
    /// hundred, which is one of those who found an agent free, as long as a tenth of them do. Taken
    /// off every wait.
    pub(crate) latency_s: f64,
    /// From the queue to the last offer, or to giving up without one.
    pub(crate) wait: Estimate,
    /// An agent's time per answered call, from the offer to the end of the work.
    pub(crate) busy_s: f64,
    /// Abandoned without an offer. To theory an offer is an answer: who gives up in the moment that it
    /// takes to be accepted has not given up for want of an agent.
    pub(crate) gave_up_share: Estimate,
    pub(crate) theory: Option<Theory>,
    /// Whether the wait by theory lies in the interval of the one played.
    pub(crate) agrees: Option<bool>,
}

impl Report {
    pub(super) fn new(day: Day, queue: String, played: &[Played]) -> Self {
        let waits: Vec<_> = played.iter().filter_map(|call| call.wait_s(&day)).collect();
        let latency_s = tenth(&waits);
        let waits: Vec<_> = waits
            .iter()
            .map(|wait| (wait - latency_s).max(0.0))
            .collect();
        let busy: Vec<_> = played.iter().filter_map(|call| call.busy_s(&day)).collect();
        let gave_up: Vec<_> = played
            .iter()
            .map(|call| if call.gave_up_waiting() { 1.0 } else { 0.0 })
            .collect();
        let busy_s = Estimate::of(&busy).mean;
        let (wait, theory) = (Estimate::of(&waits), Theory::of(&day, played.len(), busy_s));
        Self {
            queue,
            calls: played.len(),
            answered: busy.len(),
            abandoned: played.iter().filter(|call| call.abandoned).count(),
            latency_s,
            wait,
            busy_s,
            gave_up_share: Estimate::of(&gave_up),
            theory,
            agrees: theory.map(|theory| wait.holds(theory.wait_s)),
        }
    }
}

impl Played {
    fn wait_s(&self, day: &Day) -> Option<f64> {
        let until = match self.offered_at {
            None if self.abandoned => self.closed_at,
            offered_at => offered_at,
        };
        Some(seconds(day, self.enqueued_at?, until?))
    }

    fn gave_up_waiting(&self) -> bool {
        self.abandoned && self.offered_at.is_none()
    }

    fn busy_s(&self, day: &Day) -> Option<f64> {
        self.connected_at?;
        Some(seconds(day, self.offered_at?, self.closed_at?))
    }
}

fn seconds(day: &Day, from: Timestamp, to: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a day has fewer microseconds than 2^52"
    )]
    let micros = (to.micros() - from.micros()) as f64;
    micros / 1e6 * day.speed
}

/// The value below which a tenth lies; 0 of nothing.
fn tenth(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 10).copied().unwrap_or_default()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} calls in {}: {} answered, {} abandoned",
            self.calls, self.queue, self.answered, self.abandoned
        )?;
        writeln!(
            f,
            "seconds of the day: platform's own latency {:.2}, agent's time per call {:.1}",
            self.latency_s, self.busy_s
        )?;
        writeln!(f, "{:<18}{:>22}{:>12}", "", "played (95 %)", "theory")?;
        let theory = self.theory.as_ref();
        let line = |f: &mut fmt::Formatter<'_>, name, played: &Estimate, theory: Option<f64>| {
            let theory =
                theory.map_or_else(|| "unstable".to_owned(), |value| format!("{value:.3}"));
            writeln!(
                f,
                "{name:<18}{:>12.3} ± {:>7.3}{theory:>12}",
                played.mean, played.half_width
            )
        };
        line(f, "wait, s", &self.wait, theory.map(|theory| theory.wait_s))?;
        line(
            f,
            "gave up, share",
            &self.gave_up_share,
            theory.map(|theory| theory.abandoned_share),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(second * 1_000))
    }

    /// Waits of 10 s each, but for who gave up after 4; the third gave up as the offer was accepted.
    #[test]
    fn who_gives_up_on_offer_did_not_give_up_for_want_of_an_agent() {
        let answered = Played {
            agent_id: Some("A-1".into()),
            enqueued_at: at(0),
            offered_at: at(10),
            connected_at: at(11),
            closed_at: at(70),
            abandoned: false,
        };
        let gave_up = Played {
            enqueued_at: at(0),
            closed_at: at(4),
            abandoned: true,
            ..Played::default()
        };
        let on_offer = Played {
            offered_at: at(10),
            closed_at: at(11),
            ..gave_up.clone()
        };
        let day = Day {
            seed: 1,
            hours: 1.0,
            agents: 1,
            arrivals_per_hour: 3.0,
            handle_s: 60.0,
            patience_s: Some(60.0),
            wrap_up_s: None,
            speed: 1.0,
        };
        let report = Report::new(day, "Q".to_owned(), &[answered, gave_up, on_offer]);
        assert_eq!((report.answered, report.abandoned), (1, 2));
        assert!((report.gave_up_share.mean - 1.0 / 3.0).abs() < 1e-9);
        assert!((report.latency_s - 4.0).abs() < 1e-9);
        assert!((report.wait.mean - 4.0).abs() < 1e-9);
        assert!((report.busy_s - 60.0).abs() < 1e-9);
    }
}
