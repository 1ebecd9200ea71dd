//! A mean of figures that depend on their neighbours, and its value by theory.

use analytics::erlang::{ErlangA, ErlangC};

use super::day::Day;

/// A mean, and half the width of the interval that holds the true one 95 times of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    pub(crate) half_width: f64,
}

/// A customer who waits makes the next one wait: single waits are not independent, means of long batches
/// nearly are.
const BATCHES: usize = 20;
/// Student's t at 97.5 % with 19 degrees of freedom.
const T_19: f64 = 2.093;

impl Estimate {
    /// By the means of 20 batches in the order of arrival; of fewer figures the width is not known.
    pub(super) fn of(figures: &[f64]) -> Self {
        let mean = mean(figures);
        let size = figures.len() / BATCHES;
        if size == 0 {
            return Self {
                mean,
                half_width: f64::INFINITY,
            };
        }
        let batches: Vec<_> = figures
            .chunks_exact(size)
            .take(BATCHES)
            .map(self::mean)
            .collect();
        let centre = self::mean(&batches);
        let squares: f64 = batches.iter().map(|batch| (batch - centre).powi(2)).sum();
        let (batches, freedom) = (20.0_f64, 19.0_f64);
        Self {
            mean,
            half_width: T_19 * (squares / freedom / batches).sqrt(),
        }
    }

    /// Whether a value is one that the figures may stem from.
    pub(super) fn holds(&self, value: f64) -> bool {
        (self.mean - value).abs() <= self.half_width
    }
}

fn mean(figures: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a day fit 52 bits")]
    let count = figures.len().max(1) as f64;
    figures.iter().sum::<f64>() / count
}

/// The results of Erlang C for customers who wait until they are served, and of Erlang A for those
/// who may not.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Theory {
    pub(crate) wait_s: f64,
    pub(crate) abandoned_share: f64,
}

impl Theory {
    /// With the arrivals and the time per call that were really seen, so that the queueing is
    /// compared and not the random draws. `None` when no customer gives up and the line grows
    /// without end.
    pub(super) fn of(day: &Day, calls: usize, busy_s: f64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "counts of a day fit 52 bits")]
        let arrivals_per_s = calls as f64 / (day.hours * 3_600.0);
        match day.patience_s {
            None => {
                let erlang = ErlangC::new(arrivals_per_s, busy_s, day.agents).ok()?;
                Some(Self {
                    wait_s: erlang.asa_s(),
                    abandoned_share: 0.0,
                })
            }
            Some(patience_s) => {
                let erlang = ErlangA::new(arrivals_per_s, busy_s, day.agents, patience_s).ok()?;
                Some(Self {
                    wait_s: erlang.wait_s(),
                    abandoned_share: erlang.abandon_probability(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Estimate;

    #[test]
    fn estimate_of_twenty_batches_is_students() {
        // Batches 0, 1, 0, 1 …: mean 1/2, standard deviation of the batches √(5/19).
        let figures: Vec<_> = (0..40).map(|n| f64::from(n / 2 % 2)).collect();
        let estimate = Estimate::of(&figures);
        let half_width = 2.093 * (5.0_f64 / 19.0 / 20.0).sqrt();
        assert!((estimate.mean - 0.5).abs() < 1e-12);
        assert!((estimate.half_width - half_width).abs() < 1e-12);
        assert!(estimate.holds(0.6) && !estimate.holds(0.8));
        assert!(Estimate::of(&figures[..19]).half_width.is_infinite());
    }
}
