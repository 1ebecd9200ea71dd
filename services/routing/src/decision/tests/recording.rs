//! What is written down about a match, and in which order.

use super::*;
use crate::decision::rejection::Limited;
use crate::label::DecisionId;

#[test]
fn decision_is_recorded_once() {
    decision(vec![])
        .when(accepted(record_decision(record())))
        .then_expect_events(vec![recorded()]);
    decision(vec![recorded(), chosen("O-1", "amy")])
        .when(accepted(record_decision(record())))
        .then_expect_events(vec![]);
}

#[test]
fn other_record_of_a_decision_is_refused() {
    decision(vec![recorded()])
        .when(accepted(record_decision(other_record())))
        .then_expect_error(DecisionRejection::IdConflict);
}

#[test]
fn record_names_fifty_of_each_at_most() {
    let names: Vec<_> = (0..51).map(|n| format!("agent-{n}")).collect();
    let mut of_candidates = record_json();
    of_candidates["candidates"] = names.iter().map(|name| candidate(name)).collect();
    let mut of_exclusions = record_json();
    of_exclusions["exclusions"] = names
        .iter()
        .map(|name| json!({ "agent_id": name, "reason": "presence" }))
        .collect();
    for (json, what) in [
        (of_candidates, Limited::Candidates),
        (of_exclusions, Limited::Exclusions),
    ] {
        let record = serde_json::from_value(json).unwrap();
        decision(vec![])
            .when(accepted(record_decision(record)))
            .then_expect_error(DecisionRejection::DecisionLimit { what, max: 50 });
    }
}

/// §1.5, case 3: two conversations, one last slot.
#[test]
fn candidate_who_was_lost_is_kept_with_the_code() {
    decision(vec![recorded()])
        .when(accepted(lose("amy", "NO_CAPACITY")))
        .then_expect_events(vec![lost("amy", "NO_CAPACITY")]);
}

#[test]
fn candidate_is_lost_once_by_each_code() {
    let given = || vec![recorded(), lost("amy", "VERSION_CONFLICT")];
    decision(given())
        .when(accepted(lose("amy", "VERSION_CONFLICT")))
        .then_expect_events(vec![]);
    decision(given())
        .when(accepted(lose("amy", "NO_CAPACITY")))
        .then_expect_events(vec![lost("amy", "NO_CAPACITY")]);
}

#[test]
fn candidates_lost_are_bounded() {
    let all = (0..100).map(|n| lost(&format!("agent-{n}"), "NO_CAPACITY"));
    let rejection = DecisionRejection::DecisionLimit {
        what: Limited::Lost,
        max: 100,
    };
    decision(all.clone().collect())
        .when(accepted(lose("amy", "NO_CAPACITY")))
        .then_expect_error(rejection);
    decision(all.collect())
        .when(accepted(lose("agent-0", "NO_CAPACITY")))
        .then_expect_events(vec![]);
}

#[test]
fn agent_whose_slot_is_reserved_is_chosen() {
    decision(vec![recorded(), lost("amy", "NO_CAPACITY")])
        .when(accepted(record_match("O-2", "bob")))
        .then_expect_events(vec![chosen("O-2", "bob")]);
}

#[test]
fn same_match_again_changes_nothing() {
    decision(vec![recorded(), chosen("O-1", "amy")])
        .when(accepted(record_match("O-1", "amy")))
        .then_expect_events(vec![]);
}

#[test]
fn offer_is_made_to_one_agent() {
    let offer_id = "O-1".parse().unwrap();
    decision(vec![recorded(), chosen("O-1", "amy")])
        .when(accepted(record_match("O-1", "bob")))
        .then_expect_error(DecisionRejection::OfferConflict { offer_id });
}

#[test]
fn ring_asks_ten_agents_and_no_more() {
    let ten = (0..10).map(|n| chosen(&format!("O-{n}"), &format!("agent-{n}")));
    let rejection = DecisionRejection::DecisionLimit {
        what: Limited::Offers,
        max: 10,
    };
    decision(ten.clone().take(9).collect())
        .when(accepted(record_match("O-9", "agent-9")))
        .then_expect_events(vec![chosen("O-9", "agent-9")]);
    decision(ten.clone().collect())
        .when(accepted(record_match("O-10", "agent-10")))
        .then_expect_error(rejection);
    decision(ten.collect())
        .when(accepted(record_match("O-3", "agent-3")))
        .then_expect_events(vec![]);
}

#[test]
fn candidate_is_lost_beside_another_who_was_chosen() {
    decision(vec![recorded(), chosen("O-1", "amy")])
        .when(accepted(lose("bob", "NOT_ROUTABLE")))
        .then_expect_events(vec![lost("bob", "NOT_ROUTABLE")]);
}

#[test]
fn unmatched_is_recorded_once() {
    decision(vec![recorded(), lost("amy", "NO_CAPACITY")])
        .when(accepted(give_up()))
        .then_expect_events(vec![nobody_found()]);
    decision(vec![recorded(), nobody_found()])
        .when(accepted(give_up()))
        .then_expect_events(vec![]);
}

#[test]
fn match_excludes_unmatched() {
    let rejection = DecisionRejection::InvalidTransition {
        command: "RecordUnmatched",
        outcome: Outcome::Matched,
    };
    decision(vec![recorded(), chosen("O-1", "amy")])
        .when(accepted(give_up()))
        .then_expect_error(rejection);
}

#[test]
fn match_that_comes_after_the_router_gave_up_stands() {
    let given = vec![recorded(), nobody_found()];
    decision(given.clone())
        .when(accepted(record_match("O-1", "amy")))
        .then_expect_events(vec![chosen("O-1", "amy")]);
    let mut late = folded(&given);
    assert_eq!(late.outcome(), Outcome::Unmatched);
    late.apply(chosen("O-1", "amy"));
    assert_eq!(late.outcome(), Outcome::Matched);
    // The router's retry is still one.
    assert_eq!(late.decide(&accepted(give_up()), &()), Ok(vec![]));
}

#[test]
fn what_came_of_it_may_be_ahead_of_the_record() {
    for (command, event) in [
        (lose("amy", "NO_CAPACITY"), lost("amy", "NO_CAPACITY")),
        (record_match("O-1", "amy"), chosen("O-1", "amy")),
        (give_up(), nobody_found()),
    ] {
        decision(vec![])
            .when(accepted(command))
            .then_expect_events(vec![event.clone()]);
        decision(vec![event])
            .when(accepted(record_decision(record())))
            .then_expect_events(vec![recorded()]);
    }
}

#[test]
fn decision_id_is_one_segment_of_a_path() {
    let too_long = "d".repeat(65);
    for id in ["D/1", &too_long] {
        let bad = id.parse::<DecisionId>().unwrap_err();
        decision(vec![])
            .when(accepted_for(id, record_match("O-1", "amy")))
            .then_expect_error(DecisionRejection::DecisionIdInvalid(bad));
    }
}
