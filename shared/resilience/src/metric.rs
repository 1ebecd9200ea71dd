//! Metric names of this crate, each spelled once. Handles are made once per dependency: a look-up
//! per call would cost more than the breaker itself.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::breaker::{BreakerSnapshot, State};
use crate::dependency::Name;

/// 1 for the state the breaker is in, 0 for the others; label `state`.
const BREAKER_STATE: &str = "dealerboard_breaker_state";
/// Labels `from` and `to`.
const BREAKER_TRANSITIONS: &str = "dealerboard_breaker_transitions_total";
/// Label `outcome`; every call has exactly one.
const BREAKER_CALLS: &str = "dealerboard_breaker_calls_total";
const BREAKER_FAILURE_RATIO: &str = "dealerboard_breaker_failure_ratio";
const BREAKER_SLOW_RATIO: &str = "dealerboard_breaker_slow_ratio";
/// Trial calls that may still start; 0 unless half open.
const BREAKER_PERMITS: &str = "dealerboard_breaker_permits";
const BREAKER_OPENS_IN_ROW: &str = "dealerboard_breaker_opens_in_row";
const BREAKER_RETRY_AFTER: &str = "dealerboard_breaker_retry_after_seconds";
const BULKHEAD_IN_FLIGHT: &str = "dealerboard_bulkhead_in_flight";
const BULKHEAD_REFUSED: &str = "dealerboard_bulkhead_refused_total";
/// Label `outcome`: `made`, or `out_of_budget`.
const RETRIES: &str = "dealerboard_retries_total";

/// Gives the recorder a unit and a sentence for every metric of this crate. Called once, when the
/// recorder is installed.
pub fn describe_metrics() {
    describe_breaker();
    describe_counter!(
        BREAKER_TRANSITIONS,
        Unit::Count,
        "Changes of a breaker's state, by the state before and after."
    );
    describe_counter!(
        BREAKER_CALLS,
        Unit::Count,
        "Calls that came to a breaker, by outcome; each call has exactly one."
    );
    describe_gauge!(
        BULKHEAD_IN_FLIGHT,
        Unit::Count,
        "Calls that are under way within a bulkhead."
    );
    describe_counter!(
        BULKHEAD_REFUSED,
        Unit::Count,
        "Calls that a full bulkhead refused."
    );
    describe_counter!(
        RETRIES,
        Unit::Count,
        "Retries, by outcome: made, or out_of_budget when too many calls were retried already."
    );
}

fn describe_breaker() {
    describe_gauge!(
        BREAKER_STATE,
        Unit::Count,
        "1 for the state that a breaker is in, 0 for every other."
    );
    describe_gauge!(
        BREAKER_FAILURE_RATIO,
        Unit::Count,
        "Share of the calls in the window that failed, 0 to 1."
    );
    describe_gauge!(
        BREAKER_SLOW_RATIO,
        Unit::Count,
        "Share of the calls in the window that were slow, 0 to 1."
    );
    describe_gauge!(
        BREAKER_PERMITS,
        Unit::Count,
        "Trial calls that may still start; 0 unless the breaker is half open."
    );
    describe_gauge!(
        BREAKER_OPENS_IN_ROW,
        Unit::Count,
        "How often a breaker has opened since it was last closed."
    );
    describe_gauge!(
        BREAKER_RETRY_AFTER,
        Unit::Seconds,
        "How long a breaker still refuses calls; 0 when the next one passes."
    );
}

/// What became of a call, as the breaker saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Success,
    Failure,
    SlowSuccess,
    SlowFailure,
    Ignored,
    /// Dropped before it ended.
    Cancelled,
    /// Not let through.
    Rejected,
    /// Ended after the breaker had changed its state: known, but not counted.
    Late,
}

/// What became of the wish to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retried {
    Made,
    OutOfBudget,
}

pub(crate) struct BreakerMeters {
    name: Name,
    states: [Gauge; State::ALL.len()],
    calls: [Counter; Outcome::ALL.len()],
    failure_ratio: Gauge,
    slow_ratio: Gauge,
    permits: Gauge,
    opens_in_row: Gauge,
    retry_after: Gauge,
}

#[derive(Debug)]
pub(crate) struct BulkheadMeters {
    in_flight: Gauge,
    refused: Counter,
}

#[derive(Debug)]
pub(crate) struct CallMeters {
    made: Counter,
    out_of_budget: Counter,
}

impl Outcome {
    const ALL: [Self; 8] = [
        Self::Success,
        Self::Failure,
        Self::SlowSuccess,
        Self::SlowFailure,
        Self::Ignored,
        Self::Cancelled,
        Self::Rejected,
        Self::Late,
    ];

    pub(crate) fn counted(failed: bool, slow: bool) -> Self {
        match (failed, slow) {
            (false, false) => Self::Success,
            (true, false) => Self::Failure,
            (false, true) => Self::SlowSuccess,
            (true, true) => Self::SlowFailure,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::SlowSuccess => "slow_success",
            Self::SlowFailure => "slow_failure",
            Self::Ignored => "ignored",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Late => "late",
        }
    }
}

impl BreakerMeters {
    pub(crate) fn new(name: Name) -> Self {
        let Name { dependency, class } = name;
        let of = |metric| gauge!(metric, "dependency" => dependency, "class" => class);
        Self {
            name,
            states: State::ALL.map(|state| {
                gauge!(BREAKER_STATE, "dependency" => dependency, "class" => class,
                    "state" => state.as_str())
            }),
            calls: Outcome::ALL.map(|outcome| {
                counter!(BREAKER_CALLS, "dependency" => dependency, "class" => class,
                    "outcome" => outcome.as_str())
            }),
            failure_ratio: of(BREAKER_FAILURE_RATIO),
            slow_ratio: of(BREAKER_SLOW_RATIO),
            permits: of(BREAKER_PERMITS),
            opens_in_row: of(BREAKER_OPENS_IN_ROW),
            retry_after: of(BREAKER_RETRY_AFTER),
        }
    }

    pub(crate) fn call(&self, outcome: Outcome) {
        self.calls[outcome as usize].increment(1);
    }

    pub(crate) fn state_is(&self, current: State) {
        for (gauge, state) in self.states.iter().zip(State::ALL) {
            gauge.set(f64::from(u8::from(state == current)));
        }
    }

    pub(crate) fn moved(&self, from: State, to: State) {
        let Name { dependency, class } = self.name;
        counter!(BREAKER_TRANSITIONS, "dependency" => dependency, "class" => class,
            "from" => from.as_str(), "to" => to.as_str())
        .increment(1);
    }

    pub(crate) fn refresh(&self, snapshot: &BreakerSnapshot) {
        self.failure_ratio.set(snapshot.failure_ratio);
        self.slow_ratio.set(snapshot.slow_ratio);
        self.permits
            .set(f64::from(snapshot.permits_left.unwrap_or(0)));
        self.opens_in_row.set(f64::from(snapshot.opens_in_row));
        let retry_after = snapshot.retry_after.unwrap_or_default();
        self.retry_after.set(retry_after.as_secs_f64());
    }
}

impl BulkheadMeters {
    pub(crate) fn new(Name { dependency, class }: Name) -> Self {
        Self {
            in_flight: gauge!(BULKHEAD_IN_FLIGHT, "dependency" => dependency, "class" => class),
            refused: counter!(BULKHEAD_REFUSED, "dependency" => dependency, "class" => class),
        }
    }

    pub(crate) fn entered(&self) {
        self.in_flight.increment(1.0);
    }

    pub(crate) fn left(&self) {
        self.in_flight.decrement(1.0);
    }

    pub(crate) fn refused(&self) {
        self.refused.increment(1);
    }
}

impl CallMeters {
    pub(crate) fn new(Name { dependency, class }: Name) -> Self {
        let of = |outcome| counter!(RETRIES, "dependency" => dependency, "class" => class, "outcome" => outcome);
        Self {
            made: of("made"),
            out_of_budget: of("out_of_budget"),
        }
    }

    pub(crate) fn retry(&self, retried: Retried) {
        match retried {
            Retried::Made => self.made.increment(1),
            Retried::OutOfBudget => self.out_of_budget.increment(1),
        }
    }
}
