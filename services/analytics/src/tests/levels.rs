//! The five service levels, of the nine customers of `waits`: within 20 s two are answered (10, 20),
//! two abandon (3, 20) and one asks to be called (15); later one is answered (21) and one abandons
//! (60). One is moved to another queue and one still waits.

use serde_json::json;

use super::ratio;
use super::waits::nine;

/// The share, and that it is the variant asked for.
#[track_caller]
fn is(variant: &str, within_s: u64, numerator: u64, denominator: u64) {
    let query = format!("queue=fx&service_level={variant}&within_s={within_s}");
    let total = nine().total(&query, 100);
    let level = &total["service_level"];
    assert_eq!(ratio(level), (numerator, denominator), "{query}");
    assert_eq!(level["value"], json!(numerator as f64 / denominator as f64));
    assert_eq!(total["service_levels"][variant], *level, "{query}");
}

/// Answered within X / answered: of 10, 20 and 21 s two are within 20, and the last second counts:
/// within 19 s one, within 21 s three. 2 / 3 = 0.667.
#[test]
fn sl1_is_of_the_answered() {
    is("SL1", 20, 2, 3);
    is("SL1", 19, 1, 3);
    is("SL1", 21, 3, 3);
}

/// (Answered + abandoned, each within X) / (answered + abandoned): (2 + 2) / (3 + 3) = 0.667; within
/// 19 s (1 + 1) / 6, within a minute (3 + 3) / 6. The short abandon counts as one.
#[test]
fn sl2_is_of_the_answered_and_abandoned() {
    is("SL2", 20, 2 + 2, 3 + 3);
    is("SL2", 19, 1 + 1, 3 + 3);
    is("SL2", 60, 3 + 3, 3 + 3);
}

/// Answered within X / offered: nine were queued, the one that was moved is offered elsewhere, the one
/// who is to be called and the one who still waits are offered here. 2 / 8 = 0.25.
#[test]
fn sl3_is_of_the_offered() {
    is("SL3", 20, 2, 9 - 1);
    is("SL3", 60, 3, 9 - 1);
}

/// Answered within X / (offered - short abandons): one of eight gave up after 3 s. 2 / 7 = 0.286.
#[test]
fn sl4_is_of_the_offered_but_for_short_abandons() {
    is("SL4", 20, 2, 8 - 1);
    is("SL4", 60, 3, 8 - 1);
}

/// (Answered + abandoned + to be called, each within X) / queued: (2 + 2 + 1) / 9 = 0.556; within 14 s
/// (1 + 1 + 0) / 9, within a minute (3 + 3 + 1) / 9.
#[test]
fn sl5_is_of_the_queued() {
    is("SL5", 20, 2 + 2 + 1, 9);
    is("SL5", 14, 1 + 1, 9);
    is("SL5", 60, 3 + 3 + 1, 9);
}
