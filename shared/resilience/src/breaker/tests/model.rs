//! For any settings and any sequence of steps, the breaker does what the reference does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::reference::Reference;
use crate::breaker::machine::Machine;
use crate::breaker::permit::{Ending, Ticket};
use crate::breaker::{BreakerConfig, Mode, Transition, WindowSpan};
use crate::classify::Verdict;
use crate::jitter::Jitter;

const STEPS_PER_RUN: usize = 500;
/// A million steps in all.
const RUNS: u32 = 2_000;

#[derive(Clone, Debug)]
enum Step {
    Acquire,
    /// One of the calls under way ends; `None` cancels it.
    Finish(Index, Option<Verdict>),
    Advance(Duration),
    SetMode(Mode),
    /// Reading the breaker also brings it up to date, so it must not follow every step.
    Look,
}

/// The machine, the reference, and the calls under way in both.
struct Pair {
    now: Duration,
    machine: Machine,
    reference: Reference,
    calls: Vec<(Ticket, (u32, Duration))>,
}

#[test]
fn breaker_agrees_with_the_reference_over_a_million_random_steps() {
    let (steps_made, seen) = (Cell::new(0), RefCell::new(BTreeSet::new()));
    let settings = Config {
        cases: RUNS,
        ..Config::default()
    };
    let input = (configs(), any::<u64>(), vec(step(), STEPS_PER_RUN));
    let result = TestRunner::new(settings).run(&input, |(config, seed, steps)| {
        let mut pair = Pair::new(config, seed);
        for step in steps {
            let outcome = pair.step(step)?;
            steps_made.set(steps_made.get() + 1);
            let state = pair.reference.state.as_str();
            seen.borrow_mut().insert((state, outcome));
        }
        pair.compare()
    });
    result.unwrap();
    assert!(steps_made.get() >= 1_000_000);
    assert_everything_was_reached(&seen.borrow());
}

/// A generator that never reaches a corner proves nothing about it.
fn assert_everything_was_reached(seen: &BTreeSet<(&str, &str)>) {
    let counted = ["Success", "Failure", "SlowSuccess", "SlowFailure"];
    let uncounted = ["Acquired", "Ignored", "Cancelled", "Late", ""];
    for state in ["closed", "half_open", "disabled", "metrics_only"] {
        for outcome in counted.iter().chain(&uncounted) {
            assert!(seen.contains(&(state, outcome)), "{state} {outcome}");
        }
    }
    for state in ["open", "forced_open", "half_open"] {
        assert!(seen.contains(&(state, "Refused")), "{state} Refused");
    }
    // The result that opened it, and results that came after.
    for outcome in ["Failure", "SlowSuccess", "SlowFailure", "Late"] {
        assert!(seen.contains(&("open", outcome)), "open {outcome}");
    }
}

impl Pair {
    fn new(config: BreakerConfig, seed: u64) -> Self {
        assert_eq!(config.faults(), Vec::<&str>::new());
        Self {
            now: Duration::ZERO,
            machine: Machine::new(config, Jitter::new(seed), Duration::ZERO),
            reference: Reference::new(config, Jitter::new(seed)),
            calls: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) -> Result<&'static str, TestCaseError> {
        let now = self.now;
        match step {
            Step::Acquire => return self.acquire(),
            Step::Finish(..) if self.calls.is_empty() => {}
            Step::Finish(which, verdict) => {
                let (ticket, call) = self.calls.swap_remove(which.index(self.calls.len()));
                let ending = verdict.map_or(Ending::Cancelled, Ending::Settled);
                let outcome = self.machine.finish(ticket, ending, now);
                let expected = self.reference.finish(call, verdict, now);
                prop_assert_eq!(format!("{outcome:?}"), expected);
                return Ok(expected);
            }
            Step::Advance(by) => self.now += by,
            Step::SetMode(mode) => {
                self.reference.tick(now);
                let from = self.reference.state;
                let transition = self.machine.set_mode(mode, now);
                self.reference.set_mode(mode, now);
                let to = self.reference.state;
                prop_assert_eq!(transition, Transition { from, to });
            }
            Step::Look => self.compare()?,
        }
        Ok("")
    }

    fn acquire(&mut self) -> Result<&'static str, TestCaseError> {
        let asked = (
            self.machine.acquire(self.now),
            self.reference.acquire(self.now),
        );
        match asked {
            (Ok(ticket), Ok(call)) => {
                self.calls.push((ticket, call));
                Ok("Acquired")
            }
            (Err((state, retry_after)), Err(expected)) => {
                prop_assert_eq!(state, self.reference.state);
                prop_assert_eq!(retry_after, expected);
                Ok("Refused")
            }
            (machine, reference) => Err(TestCaseError::fail(format!("{machine:?} {reference:?}"))),
        }
    }

    /// Everything that can be seen is the same.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        let reading = self.machine.read(self.now);
        self.reference.tick(self.now);
        let expected = &self.reference;
        prop_assert_eq!(reading.state, expected.state);
        prop_assert_eq!(reading.opens_in_row, expected.opens);
        prop_assert_eq!(reading.retry_after, expected.retry_after(self.now));
        let permits_left = reading.permits_left.map(|left| left as usize);
        prop_assert_eq!(permits_left, expected.permits_left());
        let (calls, failures, slow) = expected.tally(self.now);
        let tally = [
            reading.tally.calls,
            reading.tally.failures,
            reading.tally.slow,
        ];
        prop_assert_eq!(tally, [calls as u64, failures as u64, slow as u64]);
        self.compare_moves()
    }

    /// The moves form one chain that ends in the current state.
    fn compare_moves(&mut self) -> Result<(), TestCaseError> {
        let moves = std::mem::take(&mut self.machine.moves);
        for pair in moves.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
        }
        if let Some(last) = moves.last() {
            prop_assert_eq!(last.to, self.reference.state);
        }
        Ok(())
    }
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        6 => Just(Some(Verdict::Success)),
        4 => Just(Some(Verdict::Failure)),
        1 => Just(Some(Verdict::Ignored)),
        1 => Just(None),
    ];
    let mode = prop_oneof![
        4 => Just(Mode::Automatic),
        1 => Just(Mode::ForcedOpen),
        1 => Just(Mode::Disabled),
        1 => Just(Mode::MetricsOnly),
    ];
    prop_oneof![
        40 => Just(Step::Acquire),
        40 => (any::<Index>(), verdict).prop_map(|(which, verdict)| Step::Finish(which, verdict)),
        16 => (0_u64..80).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        3 => (0_u64..9_000).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        1 => mode.prop_map(Step::SetMode),
        20 => Just(Step::Look),
    ]
}

fn configs() -> impl Strategy<Value = BreakerConfig> {
    let window = prop_oneof![
        (1_u32..20).prop_map(WindowSpan::Calls),
        (1_u32..6).prop_map(WindowSpan::Seconds),
    ];
    let percents = (1_u32..=100, 1_u32..=100, 0_u32..=33);
    let waits = (1_u64..4_000, 0_u64..20_000, 1_u64..5_000);
    (window, 1_u32..12, percents, waits, 1_u32..7).prop_map(
        |(window, min_calls, percents, waits, half_open_permits)| BreakerConfig {
            window,
            min_calls,
            failure_percent: percents.0,
            slow_percent: percents.1,
            slow_after: Duration::from_millis(50),
            open_first: Duration::from_millis(waits.0),
            open_longest: Duration::from_millis(waits.0 + waits.1),
            open_jitter_percent: percents.2,
            half_open_permits,
            half_open_longest: Duration::from_millis(waits.2),
        },
    )
}
