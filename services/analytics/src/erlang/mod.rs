//! How many agents a load needs, by the Erlang formulas: arrivals at random, one line, and agents
//! who all can take all.
//!
//! C: customers wait without limit. A: they give up, after patience that is random too. Both are about
//! the long run under a steady load. Times are in seconds, rates per second, shares from 0 to 1.

mod a;
mod c;

pub use a::ErlangA;
pub use c::ErlangC;

/// Agents beyond this are a mistake.
const AGENTS_MAX: u32 = 100_000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// As much work comes in as agents can do, or more: without end, the line grows.
    #[error("unstable: the load is not below the number of agents")]
    Unstable,
    #[error("takes too much work: the line is too long, or the time")]
    TooLong,
}

/// What both formulas are about.
#[derive(Clone, Copy, Debug)]
struct Load {
    arrivals_per_s: f64,
    aht_s: f64,
    agents: u32,
}

/// Whether all that is asked besides the load makes sense, as it must also without calls.
///
/// # Errors
/// A time is not above 0, or `target` is no share below 1.
pub fn check(aht_s: f64, patience_s: Option<f64>, target: f64) -> Result<(), NoAnswer> {
    if !is_positive(aht_s) {
        return Err(NoAnswer::OutOfRange("aht_s"));
    }
    patience_s.map_or(Ok(()), check_patience)?;
    check_target(target)
}

/// Patience may be without end.
fn check_patience(patience_s: f64) -> Result<(), NoAnswer> {
    let is_patience = patience_s > 0.0;
    is_patience
        .then_some(())
        .ok_or(NoAnswer::OutOfRange("patience_s"))
}

fn check_target(target: f64) -> Result<(), NoAnswer> {
    let is_share = (0.0..1.0).contains(&target);
    is_share.then_some(()).ok_or(NoAnswer::OutOfRange("target"))
}

fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

impl Load {
    fn new(arrivals_per_s: f64, aht_s: f64, agents: u32) -> Result<Self, NoAnswer> {
        if !is_positive(arrivals_per_s) {
            return Err(NoAnswer::OutOfRange("arrivals_per_s"));
        }
        if !is_positive(aht_s) || !is_positive(arrivals_per_s * aht_s) {
            return Err(NoAnswer::OutOfRange("aht_s"));
        }
        if !(1..=AGENTS_MAX).contains(&agents) {
            return Err(NoAnswer::OutOfRange("agents"));
        }
        Ok(Self {
            arrivals_per_s,
            aht_s,
            agents,
        })
    }

    /// Offered load in Erlang: agents that would be busy all the time.
    fn erlangs(&self) -> f64 {
        self.arrivals_per_s * self.aht_s
    }

    fn servers(&self) -> f64 {
        f64::from(self.agents)
    }
}

#[cfg(test)]
mod tests;
