//! What a played day came to, beside what queueing theory says of one like it.

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
pub(crate) struct Report {
    pub(crate) queue: String,
    pub(crate) calls: usize,
    pub(crate) answered: usize,
    /// Whenever they did so.
    pub(crate) abandoned: usize,
    /// What the platform itself takes from the queue to the offer: the tenth shortest wait of a
    /// hundred, which is one of those who found an agent free, as long as a tenth of them do. Taken
    /// off every wait.
    pub(crate) latency_s: f64,
    /// From the queue to the last offer, or to giving up without one.
    pub(crate) wait: Estimate,
    /// An agent's time per answered call, from the offer to the end of the work.
    pub(crate) busy_s: f64,
    /// Of those who were never offered to anybody. To theory an offer is an answer: who gives up in
    /// the moment that it takes to be accepted has not given up for want of an agent.
    pub(crate) abandoned_share: Estimate,
    pub(crate) theory: Option<Theory>,
    /// Whether the wait that theory says lies in the interval of the one played.
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
        let abandoned: Vec<_> = played
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
            abandoned_share: Estimate::of(&abandoned),
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
            "abandoned, share",
            &self.abandoned_share,
            theory.map(|theory| theory.abandoned_share),
        )
    }
}
