//! Erlang C: no customer gives up.

use super::{AGENTS_MAX, Load, NoAnswer, check_target};

/// A load that a number of agents can bear.
#[derive(Clone, Copy, Debug)]
pub struct ErlangC {
    load: Load,
    blocking: f64,
}

impl ErlangC {
    /// # Errors
    /// A value is not positive, or the agents cannot bear the load.
    pub fn new(arrivals_per_s: f64, aht_s: f64, agents: u32) -> Result<Self, NoAnswer> {
        let load = Load::new(arrivals_per_s, aht_s, agents)?;
        if load.erlangs() >= load.servers() {
            return Err(NoAnswer::Unstable);
        }
        let blocking = blocking(agents, load.erlangs());
        Ok(Self { load, blocking })
    }

    /// The fewest agents with which `target` of the customers are answered within `within_s`.
    ///
    /// # Errors
    /// A value is out of range, or more agents would be needed than there can be.
    pub fn for_target(
        arrivals_per_s: f64,
        aht_s: f64,
        target: f64,
        within_s: f64,
    ) -> Result<Self, NoAnswer> {
        Load::new(arrivals_per_s, aht_s, 1)?;
        check_target(target)?;
        if within_s.is_nan() || within_s < 0.0 {
            return Err(NoAnswer::OutOfRange("within_s"));
        }
        let erlangs = arrivals_per_s * aht_s;
        // The recursion of B continues from one number of agents to the next.
        let mut blocking = 1.0;
        for agents in 1..=AGENTS_MAX {
            blocking = next_blocking(blocking, agents, erlangs);
            let load = Load::new(arrivals_per_s, aht_s, agents)?;
            let formula = Self { load, blocking };
            if erlangs < load.servers() && formula.service_level(within_s) >= target {
                return Ok(formula);
            }
        }
        Err(NoAnswer::OutOfRange("arrivals_per_s"))
    }

    #[must_use]
    pub fn agents(&self) -> u32 {
        self.load.agents
    }

    /// Offered load in Erlang.
    #[must_use]
    pub fn erlangs(&self) -> f64 {
        self.load.erlangs()
    }

    /// Erlang B: the share that would be turned away if there were no line.
    #[must_use]
    pub fn blocking_probability(&self) -> f64 {
        self.blocking
    }

    /// The share that has to wait.
    #[must_use]
    pub fn wait_probability(&self) -> f64 {
        let (n, a, b) = (self.load.servers(), self.erlangs(), self.blocking);
        n * b / (n - a * (1.0 - b))
    }

    /// The share that is answered within so many seconds.
    #[must_use]
    pub fn service_level(&self, within_s: f64) -> f64 {
        let decay = (self.load.servers() - self.erlangs()) * within_s / self.load.aht_s;
        1.0 - self.wait_probability() * (-decay).exp()
    }

    /// Mean wait of all customers.
    #[must_use]
    pub fn asa_s(&self) -> f64 {
        self.wait_probability() * self.load.aht_s / (self.load.servers() - self.erlangs())
    }

    /// Mean number of those who wait.
    #[must_use]
    pub fn line_length(&self) -> f64 {
        self.wait_probability() * self.erlangs() / (self.load.servers() - self.erlangs())
    }

    /// The share of their time in which agents are busy.
    #[must_use]
    pub fn occupancy(&self) -> f64 {
        self.erlangs() / self.load.servers()
    }

    /// The wait that the share `quantile` does not exceed; not a number when that is not below 1.
    #[must_use]
    pub fn wait_quantile_s(&self, quantile: f64) -> f64 {
        let waits = self.wait_probability();
        if quantile >= 1.0 || quantile.is_nan() {
            return f64::NAN;
        }
        if waits <= 1.0 - quantile {
            return 0.0;
        }
        let mean = self.load.aht_s / (self.load.servers() - self.erlangs());
        mean * (waits / (1.0 - quantile)).ln()
    }
}

/// Erlang B, by its recursion.
pub(super) fn blocking(agents: u32, erlangs: f64) -> f64 {
    (1..=agents).fold(1.0, |b, n| next_blocking(b, n, erlangs))
}

fn next_blocking(blocking: f64, agents: u32, erlangs: f64) -> f64 {
    erlangs * blocking / (f64::from(agents) + erlangs * blocking)
}
