//! Whether an agent is there to serve a queue.

use serde_json::json;

use super::*;

/// §1.5, case 11: all agents are excluded or offline.
#[test]
fn queue_starves_when_no_agent_can_be_asked() {
    let events = vec![configured(settings(json!({ "cost": 2 })))];
    queue(events)
        .when(accepted(starve("C-1")))
        .then_expect_events(vec![starved(after(0), "C-1")]);
}

#[test]
fn queue_that_was_never_configured_starves_too() {
    queue(vec![])
        .when(accepted(starve("C-1")))
        .then_expect_events(vec![starved(after(0), "C-1")]);
}

#[test]
fn queue_starves_without_an_agent_who_serves_it() {
    let unserved = QueueCommand::ReportStarved(ReportStarved {
        at_conversation: "C-1".parse().unwrap(),
        waiting: 1,
        agents: [].into(),
    });
    let expected = QueueEvent::QueueStarved(QueueStarved {
        since: after(0),
        conversation_id: "C-1".parse().unwrap(),
        waiting: 1,
        agents: [].into(),
    });
    queue(vec![])
        .when(accepted(unserved))
        .then_expect_events(vec![expected]);
}

#[test]
fn queue_that_starves_records_it_once() {
    queue(vec![starved(after(-10), "C-1")])
        .when(accepted(starve("C-2")))
        .then_expect_events(vec![]);
}

#[test]
fn queue_is_served_when_an_agent_can_be_asked_again() {
    queue(vec![starved(after(-10), "C-1")])
        .when(accepted(serve("amy")))
        .then_expect_events(vec![served("amy", 10_000)]);
}

#[test]
fn queue_that_does_not_starve_does_not_record_that_it_is_served() {
    for events in [
        vec![],
        vec![starved(after(-10), "C-1"), served("amy", 5_000)],
    ] {
        queue(events)
            .when(accepted(serve("bob")))
            .then_expect_events(vec![]);
    }
}

#[test]
fn queue_starves_again_from_the_next_report() {
    queue(vec![starved(after(-10), "C-1"), served("amy", 5_000)])
        .when(accepted(starve("C-2")))
        .then_expect_events(vec![starved(after(0), "C-2")]);
}

/// §1.5, case 17: the router that saw the end has a slower clock than the one that saw the start.
#[test]
fn queue_never_starves_for_less_than_no_time() {
    queue(vec![starved(after(10), "C-1")])
        .when(accepted(serve("amy")))
        .then_expect_events(vec![served("amy", 0)]);
}

#[test]
fn queue_that_is_configured_starves_on() {
    let events = [starved(after(-10), "C-1"), configured(settings(json!({})))];
    assert_eq!(folded(&events).starved_since(), Some(after(-10)));
}
