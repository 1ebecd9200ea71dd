//! Metrics of matching, each named once.

use std::time::Duration;

use kernel::Timestamp;
use metrics::{Unit, describe_gauge, gauge};
use pipeline::Followed;
use routing::Floor;

const MATCHABLE: &str = "dealerboard_routing_oldest_matchable_seconds";

/// Gives the recorder a unit and a sentence for each.
pub fn describe_metrics() {
    describe_gauge!(
        MATCHABLE,
        Unit::Seconds,
        "How long the oldest conversation has waited though an agent could be asked for it."
    );
}

/// Sets the gauges of a floor that has caught up: half-way through its history, conversations of last
/// week still wait.
pub fn gauge(floor: &Followed<Floor>, now: Timestamp) {
    if floor.age().is_none() {
        return;
    }
    let stalled_ms = floor.ask(|floor| floor.stalled_ms(now));
    gauge!(MATCHABLE).set(Duration::from_millis(stalled_ms).as_secs_f64());
}
