//! Erlang A: who waits may give up.

use super::{Load, NoAnswer, check_patience, check_target};

/// States beyond which the line is given up as too long.
const STATES_MAX: usize = 2_000_000;
/// Additions that one question may take, a search for the number of agents included: a third of a second.
const WORK_MAX: f64 = 3e8;
/// What a state costs whose probability is worked out, in additions: logarithms are dear.
const STATE_WORK: f64 = 20.0;
/// Logarithm of a share that no longer counts.
const NEGLIGIBLE: f64 = -40.0;

/// A load and customers who give up.
#[derive(Clone, Debug)]
pub struct ErlangA {
    load: Load,
    /// Rate of giving up, per second and waiting customer; 0 for never.
    theta: f64,
    /// Of finding all agents busy and 0, 1, 2 … waiting.
    busy: Vec<f64>,
}

impl ErlangA {
    /// `patience_s` is the mean time after which a customer gives up; it may be infinite.
    ///
    /// # Errors
    /// A value is not positive, or customers have unlimited patience and the agents cannot bear the
    /// load.
    pub fn new(
        arrivals_per_s: f64,
        aht_s: f64,
        agents: u32,
        patience_s: f64,
    ) -> Result<Self, NoAnswer> {
        let load = Load::new(arrivals_per_s, aht_s, agents)?;
        Self::of(load, patience_s, &mut Budget(WORK_MAX))
    }

    fn of(load: Load, patience_s: f64, budget: &mut Budget) -> Result<Self, NoAnswer> {
        check_patience(patience_s)?;
        let theta = 1.0 / patience_s;
        if theta == 0.0 && load.erlangs() >= load.servers() {
            return Err(NoAnswer::Unstable);
        }
        let busy = busy_states(&load, theta, budget)?;
        Ok(Self { load, theta, busy })
    }

    /// The fewest agents with which `target` of all customers are answered within `within_s`.
    ///
    /// # Errors
    /// A value is out of range, more agents would be needed than there can be, or it takes too much work
    /// to find them.
    pub fn for_target(
        arrivals_per_s: f64,
        aht_s: f64,
        patience_s: f64,
        target: f64,
        within_s: f64,
    ) -> Result<Self, NoAnswer> {
        check_target(target)?;
        let mut budget = Budget(WORK_MAX);
        let mut meets = |agents| {
            let load = Load::new(arrivals_per_s, aht_s, agents)?;
            if is_hopeless(&load, patience_s, within_s) {
                return Ok(false);
            }
            match Self::of(load, patience_s, &mut budget) {
                Ok(formula) => Ok(formula.answered_within(within_s, &mut budget)? >= target),
                Err(NoAnswer::Unstable) => Ok(false),
                Err(other) => Err(other),
            }
        };
        // Too few, and enough: more agents never answer less.
        let (mut few, mut enough) = (0, 1);
        while !meets(enough)? {
            (few, enough) = (enough, enough * 2);
        }
        while few + 1 < enough {
            let middle = few.midpoint(enough);
            if meets(middle)? {
                enough = middle;
            } else {
                few = middle;
            }
        }
        Self::new(arrivals_per_s, aht_s, enough, patience_s)
    }

    #[must_use]
    pub fn agents(&self) -> u32 {
        self.load.agents
    }

    /// The share that finds no free agent; some of them give up.
    #[must_use]
    pub fn wait_probability(&self) -> f64 {
        self.busy.iter().sum()
    }

    /// Mean number of those who wait.
    #[must_use]
    pub fn line_length(&self) -> f64 {
        let states = self.busy.iter().zip(0_u32..);
        states.map(|(p, waiting)| p * f64::from(waiting)).sum()
    }

    /// Mean wait of all customers, whether answered or not.
    #[must_use]
    pub fn wait_s(&self) -> f64 {
        self.line_length() / self.load.arrivals_per_s
    }

    /// The share that gives up.
    #[must_use]
    pub fn abandon_probability(&self) -> f64 {
        self.theta * self.wait_s()
    }

    /// The share of their time in which agents are busy.
    #[must_use]
    pub fn occupancy(&self) -> f64 {
        let served = 1.0 - self.abandon_probability();
        self.load.erlangs() * served / self.load.servers()
    }

    /// The share of all customers that is answered within so many seconds.
    ///
    /// A customer with `j` others ahead moves up when an agent is done or one ahead gives up, and
    /// gives up at a rate of their own: f_j' = (Nμ + jθ)(f_{j-1} - f_j) - θ f_j, f_{-1} = 1. It is
    /// solved by uniformisation: all terms are positive, so that nothing cancels.
    ///
    /// # Errors
    /// The time is not a positive number, or too long for the length of the line.
    pub fn service_level(&self, within_s: f64) -> Result<f64, NoAnswer> {
        self.answered_within(within_s, &mut Budget(WORK_MAX))
    }

    fn answered_within(&self, within_s: f64, budget: &mut Budget) -> Result<f64, NoAnswer> {
        if within_s < 0.0 || !within_s.is_finite() {
            return Err(NoAnswer::OutOfRange("within_s"));
        }
        let at_once = 1.0 - self.wait_probability();
        if within_s == 0.0 || self.busy.is_empty() {
            return Ok(at_once);
        }
        let moves = self.moves();
        let fastest = moves.last().copied().unwrap_or_default() + self.theta;
        let mean_steps = fastest * within_s;
        let steps_max = mean_steps + 10.0 * mean_steps.sqrt() + 50.0;
        let states = f64::from(u32::try_from(moves.len()).map_err(|_| NoAnswer::TooLong)?);
        budget.spend(steps_max * states)?;
        Ok(at_once + self.answered_waiting(&moves, fastest, mean_steps, steps_max))
    }

    /// How fast one with 0, 1, 2 … ahead moves up, per second.
    fn moves(&self) -> Vec<f64> {
        let served = self.load.servers() / self.load.aht_s;
        let ahead = (0_u32..).take(self.busy.len());
        ahead
            .map(|ahead| served + f64::from(ahead) * self.theta)
            .collect()
    }

    fn answered_waiting(
        &self,
        moves: &[f64],
        fastest: f64,
        mean_steps: f64,
        steps_max: f64,
    ) -> f64 {
        // The share answered after so many steps, from each place in the line.
        let mut answered = vec![0.0; moves.len()];
        let (mut step, mut log_weight, mut sum) = (0.0, -mean_steps, 0.0);
        while step <= steps_max {
            if log_weight > NEGLIGIBLE {
                let shares = self.busy.iter().zip(&answered);
                let share: f64 = shares.map(|(p, answered)| p * answered).sum();
                sum += f64::exp(log_weight) * share;
            }
            let mut ahead = 1.0;
            for (share, up) in answered.iter_mut().zip(moves) {
                let before = *share;
                *share = (up * ahead + (fastest - up - self.theta) * before) / fastest;
                ahead = before;
            }
            step += 1.0;
            log_weight += (mean_steps / step).ln();
        }
        sum
    }
}

/// Work that is left.
struct Budget(f64);

impl Budget {
    fn spend(&mut self, work: f64) -> Result<(), NoAnswer> {
        self.0 -= work;
        // What is not a number is too much, too.
        let is_left = self.0 >= 0.0;
        is_left.then_some(()).ok_or(NoAnswer::TooLong)
    }
}

/// Whether the line is so long that no call is answered in time; it may be too long to be computed.
///
/// Under more load than agents can bear, the line settles where as many give up as are too many,
/// (λ - Nμ)/θ, and varies by about √(λ/θ). One that is twenty times as long is never below its half,
/// and half of it takes at least half as long to wait through as the whole, ln(λ/Nμ)/θ.
fn is_hopeless(load: &Load, patience_s: f64, within_s: f64) -> bool {
    let (arriving, served) = (load.arrivals_per_s, load.servers() / load.aht_s);
    let line = (arriving - served) * patience_s;
    let wait_s = (arriving / served).ln() * patience_s;
    line > 20.0 * (arriving * patience_s).sqrt() && wait_s > 2.0 * within_s
}

/// The probabilities of the states in which all agents are busy. Logarithms are summed, because the
/// numbers themselves would overflow.
fn busy_states(load: &Load, theta: f64, budget: &mut Budget) -> Result<Vec<f64>, NoAnswer> {
    budget.spend(load.servers() * STATE_WORK)?;
    let log_load = load.erlangs().ln();
    let mut log_p = 0.0;
    let mut logs = vec![0.0];
    for n in 1..=load.agents {
        log_p += log_load - f64::from(n).ln();
        logs.push(log_p);
    }
    let first_busy = logs.len() - 1;
    let served = load.servers() / load.aht_s;
    let mut greatest = logs.iter().copied().fold(f64::MIN, f64::max);
    for waiting in 1_u32.. {
        let leaving = served + f64::from(waiting) * theta;
        log_p += (load.arrivals_per_s / leaving).ln();
        greatest = greatest.max(log_p);
        logs.push(log_p);
        // What follows is a series that shrinks at least so fast; its whole sum must not count.
        let ratio = load.arrivals_per_s / leaving;
        let is_shrinking = ratio < 1.0;
        if is_shrinking && log_p - (1.0 - ratio).ln() - greatest < NEGLIGIBLE {
            break;
        }
        if logs.len() > STATES_MAX {
            return Err(NoAnswer::TooLong);
        }
        budget.spend(STATE_WORK)?;
    }
    let total: f64 = logs.iter().map(|log| (log - greatest).exp()).sum();
    let busy = logs.iter().skip(first_busy);
    Ok(busy.map(|log| (log - greatest).exp() / total).collect())
}
