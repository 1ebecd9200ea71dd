//! Rows of the table about an active or parked conversation.

use super::*;

#[test]
fn held_conversation_resumes() {
    active()
        .when("Hold", json!({}), &["Held"])
        .is(State::Active)
        .invalid("Hold", json!({}))
        .when("Resume", json!({}), &["Resumed"])
        .invalid("Resume", json!({}));
}

#[test]
fn parked_conversation_has_no_owner_and_wakes_into_the_queue_with_a_preference() {
    let story = parked().is(State::Parked);
    assert_eq!(story.conversation.stage.owner(), None);
    let story = story
        .at(60)
        .when("Unpark", json!({}), &["Unparked", "Queued"])
        .is(State::Queued);
    let queued = story.data("Queued");
    assert_eq!(queued["enqueued_at"], json!(time(60)));
    assert_eq!(queued["sticky"]["agent_id"], "A-1");
}

#[test]
fn reply_and_timer_wake_what_is_parked() {
    let story = parked().when(
        "ReceiveMessage",
        inbound("m1", "still there?"),
        &["MessageReceived", "Unparked", "Queued"],
    );
    assert_eq!(story.data("Unparked")["cause"], "customer_reply");
    let story = parked();
    let version = story.conversation.version();
    let story = story
        .when("Unpark", json!({ "parked_version": version - 1 }), &[])
        .when(
            "Unpark",
            json!({ "parked_version": version }),
            &["Unparked", "Queued"],
        );
    assert_eq!(story.data("Unparked")["cause"], "timer");
    active().when("Unpark", json!({ "parked_version": 1 }), &[]);
}

#[test]
fn consulted_agent_joins_and_leaves() {
    consulting()
        .is(State::Active)
        .when("EndConsult", json!({}), &["ParticipantLeft"])
        .invalid("EndConsult", json!({}));
    consulting()
        .when("Conference", json!({}), &["ParticipantJoined"])
        .when("EndConsult", json!({}), &["ParticipantLeft"])
        .is(State::Active);
    active()
        .invalid("Conference", json!({}))
        .invalid("Consult", json!({ "target": "A-1", "offer_id": "O-9" }));
}

#[test]
fn cold_transfer_takes_the_agent_out_and_queues_with_one_more_hop() {
    let transfer = json!({ "queue": "rates", "to_agent_id": "A-2", "wrap_up_s": 30 });
    let story = active()
        .when(
            "TransferCold",
            transfer,
            &["TransferRequested", "AgentLeft", "Queued"],
        )
        .is(State::Queued);
    let left = story.data("AgentLeft");
    assert_eq!(
        (&left["agent_id"], &left["wrap_up_s"]),
        (&json!("A-1"), &json!(30))
    );
    let queued = story.data("Queued");
    assert_eq!(
        (&queued["hops"], &queued["priority"]),
        (&json!(1), &json!(7))
    );
    assert_eq!(
        (&queued["queue"], &queued["sticky"]["agent_id"]),
        (&json!("rates"), &json!("A-2"))
    );
    assert_eq!(queued["cause"], "transferred");
}

#[test]
fn twelfth_hop_is_refused() {
    let mut story = active();
    let transfer = json!({ "queue": "fx" });
    for hop in 0..11 {
        story
            .send(command("TransferCold", transfer.clone()))
            .unwrap();
        let offer_id = format!("T-{hop}");
        let take = json!({ "agent_id": "A-1", "offer_id": offer_id, "decision_id": "D-1" });
        story.send(command("TakeManually", take)).unwrap();
        let connect = json!({ "offer_id": offer_id });
        story.send(command("ConnectOffer", connect)).unwrap();
    }
    story.refused("TransferCold", transfer, ConversationRejection::HOP_LIMIT);
}

#[test]
fn warm_transfer_changes_the_owner_only_when_it_completes() {
    let story = consulting();
    assert_eq!(story.conversation.stage.owner().unwrap().as_str(), "A-1");
    let story = story
        .when(
            "CompleteTransfer",
            json!({ "wrap_up_s": 30 }),
            &["OwnerChanged"],
        )
        .is(State::Active);
    let changed = story.data("OwnerChanged");
    assert_eq!(
        (&changed["from"], &changed["to"]),
        (&json!("A-1"), &json!("A-2"))
    );
    assert_eq!(story.conversation.stage.owner().unwrap().as_str(), "A-2");
    active().invalid("CompleteTransfer", json!({}));
}

#[test]
fn consulted_agent_takes_over_only_once_there() {
    let pending = ConversationRejection::CONSULT_PENDING;
    asking()
        .refused("CompleteTransfer", json!({ "wrap_up_s": 30 }), pending)
        .refused("Conference", json!({}), pending)
        .when("ConnectOffer", of_offer(8), &[])
        .when("ConnectOffer", of_offer(9), &["ConsultConnected"])
        .when("ConnectOffer", of_offer(9), &[])
        // Too late: the slot is active.
        .when(
            "FailOffer",
            json!({ "offer_id": "O-9", "cause": "setup_timeout" }),
            &[],
        )
        .when(
            "CompleteTransfer",
            json!({ "wrap_up_s": 30 }),
            &["OwnerChanged"],
        );
}

#[test]
fn consulted_agent_whose_slot_is_lost_is_not_waited_for() {
    let lost = json!({ "offer_id": "O-9", "cause": "agent_unavailable" });
    let late = json!({ "offer_id": "O-9", "cause": "setup_timeout" });
    for (name, data) in [("RescindOffer", lost), ("FailOffer", late)] {
        asking()
            .when(name, data, &["ParticipantLeft"])
            .when("ConnectOffer", of_offer(9), &[])
            .invalid("CompleteTransfer", json!({ "wrap_up_s": 30 }))
            .is(State::Active);
    }
}

#[test]
fn failed_transfer_leaves_the_owner() {
    let story = consulting()
        .when(
            "FailTransfer",
            json!({ "reason": "busy" }),
            &["TransferFailed"],
        )
        .is(State::Active);
    assert_eq!(story.conversation.stage.owner().unwrap().as_str(), "A-1");
    active().invalid("FailTransfer", json!({ "reason": "busy" }));
}

#[test]
fn lost_agent_requeues_with_a_boost_and_a_new_clock() {
    for story in [active(), parked()] {
        let story = story
            .at(50)
            .when(
                "LoseAgent",
                json!({ "agent_id": "A-1" }),
                &["Requeued", "Queued"],
            )
            .is(State::Queued);
        assert_eq!(story.data("Requeued")["cause"], "agent_offline");
        assert_eq!(story.data("Requeued")["new_wait_clock"], true);
        let queued = story.data("Queued");
        assert_eq!(queued["priority"], 17);
        assert_eq!(queued["enqueued_at"], json!(time(50)));
    }
}

#[test]
fn lost_consultant_merely_leaves_and_a_strangers_loss_is_no_event() {
    consulting()
        .when(
            "LoseAgent",
            json!({ "agent_id": "A-2" }),
            &["ParticipantLeft"],
        )
        .when("LoseAgent", json!({ "agent_id": "A-9" }), &[]);
}

#[test]
fn participants_leave_with_the_owner() {
    let end = json!({ "by": "customer" });
    consulting().when("End", end, &["ParticipantLeft", "Ended"]);
    consulting().when("Park", json!({}), &["ParticipantLeft", "Parked"]);
    consulting().when(
        "LoseAgent",
        json!({ "agent_id": "A-1" }),
        &["ParticipantLeft", "Requeued", "Queued"],
    );
}

fn consulting_from_hold() -> Story {
    let consult = json!({ "target": "A-2", "offer_id": "O-9" });
    active()
        .when("Hold", json!({}), &["Held"])
        .when("Consult", consult, &["ConsultStarted"])
        .when("ConnectOffer", of_offer(9), &["ConsultConnected"])
}

#[test]
fn customer_on_hold_stays_there_through_a_consultation() {
    for (name, data, event) in [
        ("EndConsult", json!({}), "ParticipantLeft"),
        ("LoseAgent", json!({ "agent_id": "A-2" }), "ParticipantLeft"),
        (
            "FailTransfer",
            json!({ "reason": "busy" }),
            "TransferFailed",
        ),
    ] {
        consulting_from_hold()
            .when(name, data, &[event])
            .when("Resume", json!({}), &["Resumed"]);
    }
    let unavailable = json!({ "offer_id": "O-9", "cause": "agent_unavailable" });
    active()
        .when("Hold", json!({}), &["Held"])
        .when(
            "Consult",
            json!({ "target": "A-2", "offer_id": "O-9" }),
            &["ConsultStarted"],
        )
        .when("RescindOffer", unavailable, &["ParticipantLeft"])
        .when("Resume", json!({}), &["Resumed"]);
    consulting()
        .when("EndConsult", json!({}), &["ParticipantLeft"])
        .invalid("Resume", json!({}));
}

#[test]
fn customer_on_hold_is_taken_back_into_the_conference_or_by_the_next_agent() {
    consulting_from_hold()
        .when("Conference", json!({}), &["Resumed", "ParticipantJoined"])
        .when("EndConsult", json!({}), &["ParticipantLeft"])
        .when("Hold", json!({}), &["Held"]);
    consulting_from_hold()
        .when("CompleteTransfer", json!({}), &["OwnerChanged"])
        .invalid("Resume", json!({}))
        .when("Hold", json!({}), &["Held"]);
}
