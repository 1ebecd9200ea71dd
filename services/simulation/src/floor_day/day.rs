//! What happens in a day, drawn from the seed.

use crate::dice::Dice;

/// The shape of a day; times in seconds of the day, not of the clock on the wall.
#[derive(Clone, Debug, clap::Args)]
pub struct Day {
    /// Which day it is.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Hours in which customers come.
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub hours: f64,
    /// People at work, each for one conversation at a time.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub agents: u32,
    /// Customers an hour: a Poisson process.
    #[arg(long, default_value_t = 200.0, value_parser = positive)]
    pub arrivals_per_hour: f64,
    /// Mean seconds a conversation takes, exponential.
    #[arg(long, default_value_t = 180.0, value_parser = positive)]
    pub handle_s: f64,
    /// Mean seconds after which a customer who waits gives up, exponential; without it none does.
    #[arg(long, value_parser = positive)]
    pub patience_s: Option<f64>,
    /// Mean seconds an agent writes up each conversation, exponential; part of their time, not of the
    /// customer's.
    #[arg(long, value_parser = positive)]
    pub wrap_up_s: Option<f64>,
    /// Seconds of the day that pass in one second.
    #[arg(long, default_value_t = 60.0, value_parser = positive)]
    pub speed: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e6 => Ok(number),
        _ => Err("not a number above 0, up to a million".to_owned()),
    }
}

/// One customer, in seconds of the day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) arrives_s: f64,
    pub(crate) handle_s: f64,
    pub(crate) patience_s: Option<f64>,
    pub(crate) wrap_up_s: Option<f64>,
}

impl Day {
    /// The same for the same seed, whatever the speed.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut dice = Dice::new(self.seed);
        let between_s = 3_600.0 / self.arrivals_per_hour;
        let mut arrives_s = 0.0;
        let mut calls = Vec::new();
        loop {
            arrives_s += dice.exponential(between_s);
            // All are drawn for each, so that a day without patience has the same handle times.
            let handle_s = dice.exponential(self.handle_s);
            let patience_s = dice.exponential(self.patience_s.unwrap_or(1.0));
            let wrap_up_s = dice.exponential(self.wrap_up_s.unwrap_or(1.0));
            if arrives_s > self.hours * 3_600.0 {
                return calls;
            }
            calls.push(Call {
                arrives_s,
                handle_s,
                patience_s: self.patience_s.map(|_| patience_s),
                wrap_up_s: self.wrap_up_s.map(|_| wrap_up_s),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    fn day(seed: u64) -> Day {
        Day {
            seed,
            hours: 8.0,
            agents: 14,
            arrivals_per_hour: 200.0,
            handle_s: 180.0,
            patience_s: None,
            wrap_up_s: None,
            speed: 60.0,
        }
    }

    #[test]
    fn day_is_its_seeds_and_patience_changes_nothing_else() {
        let (one, again) = (day(1).calls(), day(1).calls());
        assert_eq!(one, again);
        assert_ne!(one, day(2).calls());
        let impatient = Day {
            patience_s: Some(300.0),
            ..day(1)
        };
        let handles = |day: &Day| {
            day.calls()
                .iter()
                .map(|call| call.handle_s)
                .collect::<Vec<_>>()
        };
        assert_eq!(handles(&impatient), handles(&day(1)));
    }

    #[test]
    fn customers_come_as_often_as_asked() {
        let calls = day(1).calls();
        // 1,600 expected; four standard deviations of a Poisson number are 160.
        assert!((1_440..=1_760).contains(&calls.len()), "{}", calls.len());
        assert!(calls.is_sorted_by_key(|call| call.arrives_s));
    }
}
