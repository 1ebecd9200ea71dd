//! Queues: stated, added and removed.

use super::*;

#[test]
fn queues_are_added_and_removed_beside_what_others_set() {
    let serving = vec![queues(&["FX", "VIP"])];
    agent(serving.clone())
        .when(supervised(add_queues(&["RATES"])))
        .then_expect_events(vec![queues(&["FX", "RATES", "VIP"])]);
    agent(serving)
        .when(supervised(remove_queues(&["FX"])))
        .then_expect_events(vec![queues(&["VIP"])]);
}

#[test]
fn queue_that_is_served_or_not_already_changes_nothing() {
    for command in [add_queues(&["FX"]), remove_queues(&["VIP"])] {
        agent(vec![queues(&["FX"])])
            .when(supervised(command))
            .then_expect_events(vec![]);
    }
}

#[test]
fn agent_serves_so_many_queues_and_no_more_however_they_are_added() {
    let names: Vec<String> = (0..256).map(|n| format!("Q-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    agent(vec![queues(&names)])
        .when(supervised(add_queues(&["ONE-MORE"])))
        .then_expect_error(AgentRejection::AgentLimit {
            what: Limited::Queues,
            max: 256,
        });
}
