//! Situations that other systems got wrong, each by name. What concerns only an agent's slots is
//! tested where those are kept.

use super::*;

fn rescind(cause: &str) -> Value {
    json!({ "offer_id": "O-1", "cause": cause })
}

#[test]
fn agent_who_goes_offline_with_a_pending_offer_costs_the_customer_no_place() {
    let story = offered()
        .at(15)
        .when(
            "RescindOffer",
            rescind("agent_unavailable"),
            &["OfferRescinded", "Requeued"],
        )
        .is(State::Queued);
    assert_eq!(story.data("OfferRescinded")["cause"], "agent_unavailable");
    assert_eq!(story.data("Requeued")["enqueued_at"], json!(time(1)));
    assert_eq!(story.data("Requeued")["seq"], 1);
    assert!(!story.log.iter().any(|event| event.name() == "OfferExpired"));
}

#[test]
fn agent_who_goes_offline_while_accepting_has_lost_the_slot() {
    let story = accepting()
        .when(
            "RescindOffer",
            rescind("agent_unavailable"),
            &["OfferFailed", "Requeued"],
        )
        .is(State::Queued);
    assert_eq!(story.data("OfferFailed")["cause"], "slot_lost");
    assert_eq!(story.data("Requeued")["enqueued_at"], json!(time(1)));
    // The other order: the slot was activated first, and the agent has it.
    active().when("RescindOffer", rescind("agent_unavailable"), &[]);
}

#[test]
fn two_agents_accept_and_one_of_them_wins() {
    let story = two_offered()
        .when("AcceptOffer", of_offer(1), &["OfferAccepting"])
        .refused(
            "AcceptOffer",
            of_offer(2),
            ConversationRejection::OFFER_CONTENDED,
        )
        .when(
            "ConnectOffer",
            of_offer(1),
            &["OfferAccepted", "OfferRescinded", "Connected"],
        );
    let loser = story.data("OfferRescinded");
    assert_eq!(
        (&loser["offer_id"], &loser["cause"]),
        (&json!("O-2"), &json!("other_won"))
    );
    story.refused(
        "AcceptOffer",
        of_offer(2),
        ConversationRejection::STALE_OFFER,
    );
}

#[test]
fn contended_offer_stays_pending_and_wins_when_the_first_fails() {
    two_offered()
        .when("AcceptOffer", of_offer(1), &["OfferAccepting"])
        .refused(
            "AcceptOffer",
            of_offer(2),
            ConversationRejection::OFFER_CONTENDED,
        )
        .when(
            "FailOffer",
            json!({ "offer_id": "O-1", "cause": "setup_failed" }),
            &["OfferFailed"],
        )
        .when("AcceptOffer", of_offer(2), &["OfferAccepting"]);
}

#[test]
fn accept_after_the_expiry_is_stale_and_expiry_after_the_accept_is_no_event() {
    offered()
        .when("ExpireOffer", of_offer(1), &["OfferExpired", "Requeued"])
        .refused(
            "AcceptOffer",
            of_offer(1),
            ConversationRejection::STALE_OFFER,
        );
    accepting()
        .when("ExpireOffer", of_offer(1), &[])
        .is(State::Offered);
}

#[test]
fn customer_who_abandons_while_offered_is_no_agents_fault() {
    let story = offered()
        .at(31)
        .when("CustomerLeft", json!({}), &["OfferCanceled", "Abandoned"]);
    assert_eq!(story.data("OfferCanceled")["agent_id"], "A-1");
    let abandoned = story.data("Abandoned");
    assert_eq!(
        (&abandoned["while_offered"], &abandoned["wait_ms"]),
        (&json!(true), &json!(30_000))
    );
}

#[test]
fn customer_who_abandons_while_an_agent_accepts_counts_as_abandon() {
    let story = accepting()
        .at(31)
        .when("CustomerLeft", json!({}), &["OfferFailed", "Abandoned"]);
    assert_eq!(story.data("OfferFailed")["cause"], "customer_gone");
    assert_eq!(story.data("Abandoned")["wait_ms"], 30_000);
    story
        .when("ConnectOffer", of_offer(1), &[])
        .is(State::Closed);
}

#[test]
fn duplicate_inbound_message_is_no_event_and_another_body_a_mismatch() {
    active()
        .when("ReceiveMessage", inbound("m1", "hi"), &["MessageReceived"])
        .when("ReceiveMessage", inbound("m1", "hi"), &[])
        .refused(
            "ReceiveMessage",
            inbound("m1", "bye"),
            ConversationRejection::IDEMPOTENCY_MISMATCH,
        );
}

#[test]
fn receipt_of_sent_after_delivered_fills_a_time_and_lowers_nothing() {
    let story = active()
        .when("SendMessage", outbound("s1", &["acme"]), &["MessageQueued"])
        .when(
            "MarkSent",
            sent("s1", 1, "p1"),
            &["MessageSent", "MessageStatusChanged"],
        )
        .when(
            "RecordReceipt",
            receipt("p1", 1, "acme", "DELIVERED", 120),
            &["ReceiptRecorded", "MessageStatusChanged"],
        )
        .when(
            "RecordReceipt",
            receipt("p1", 1, "acme", "SENT", 99),
            &["ReceiptRecorded"],
        );
    assert_eq!(story.data("MessageStatusChanged")["status"], "DELIVERED");
}

#[test]
fn receipt_before_the_sending_is_known_is_buffered_and_applied_once() {
    let early = receipt("p1", 1, "acme", "DELIVERED", 120);
    let story = active()
        .when("SendMessage", outbound("s1", &["acme"]), &["MessageQueued"])
        .when("RecordReceipt", early.clone(), &["ReceiptBuffered"])
        .when("RecordReceipt", early.clone(), &[])
        .when(
            "MarkSent",
            sent("s1", 1, "p1"),
            &["MessageSent", "ReceiptRecorded", "MessageStatusChanged"],
        )
        .when("RecordReceipt", early, &[]);
    assert_eq!(story.data("MessageStatusChanged")["status"], "DELIVERED");
}

#[test]
fn conversation_that_every_agent_declines_stays_queued_and_can_be_offered_again() {
    let mut story = queued();
    for n in 1..=3 {
        let reject = json!({ "offer_id": format!("O-{n}"), "reason": "busy" });
        story = story
            .when("MarkOffered", offer(n, n, 1), &["Offered"])
            .when("RejectOffer", reject, &["OfferRejected", "Requeued"])
            .is(State::Queued);
    }
    story
        .when("MarkOffered", offer(4, 1, 1), &["Offered"])
        .is(State::Offered);
}

#[test]
fn transfer_to_an_unserved_queue_leaves_no_agent_behind() {
    let story = active().when(
        "TransferCold",
        json!({ "queue": "unserved" }),
        &["TransferRequested", "AgentLeft", "Queued"],
    );
    assert_eq!(story.conversation.stage.owner(), None);
    assert_eq!(story.conversation.stage.participant(), None);
    story.invalid("Hold", json!({})).is(State::Queued);
}

#[test]
fn reopening_prefers_the_last_agent_for_a_while_only() {
    let story = closed()
        .at(100)
        .when("Reopen", json!({}), &["Reopened", "Queued"]);
    let sticky = &story.data("Queued")["sticky"];
    assert_eq!(
        (&sticky["agent_id"], &sticky["until"]),
        (&json!("A-1"), &json!(time(220)))
    );
    story.when("MarkOffered", offer(2, 2, 1), &["Offered"]);
}

#[test]
fn parked_conversation_wakes_through_the_queue_and_never_straight_to_the_agent() {
    for story in [parked(), callback()] {
        let mut story = story;
        story.send(command("Unpark", json!({}))).unwrap();
        assert_eq!(story.conversation.stage.owner(), None);
        story.is(State::Queued);
    }
}

#[test]
fn supervisor_forces_a_way_out_of_every_state_that_is_not_final() {
    let force = json!({ "queue": "fx", "reason": "stuck" });
    let stories = [
        created(),
        bot(),
        queued(),
        offered(),
        two_offered(),
        accepting(),
        active(),
        asking(),
        consulting(),
        parked(),
        callback(),
        wrapping_up(),
    ];
    for story in stories {
        let owner = story.conversation.stage.owner().cloned();
        let mut requeued = story.clone();
        requeued
            .send(command("ForceRequeue", force.clone()))
            .unwrap();
        let forced = requeued.data("ForceRequeued");
        assert_eq!(
            (&forced["by"], &forced["reason"]),
            (&json!("desk"), &json!("stuck"))
        );
        assert_eq!(
            forced["agent_id"],
            owner.as_ref().map_or(Value::Null, |id| json!(id))
        );
        requeued.is(State::Queued);

        let mut closed = story;
        closed
            .send(command("ForceClose", json!({ "reason": "stuck" })))
            .unwrap();
        assert_eq!(closed.data("ForceClosed")["agent_id"], json!(owner));
        assert_eq!(closed.close_reason(), Some(CloseReason::Cancelled));
        closed.invalid("ForceRequeue", force.clone());
    }
}

#[test]
fn forced_requeue_of_a_waiting_customer_keeps_the_place() {
    let force = json!({ "queue": "fx-2", "reason": "wrong queue" });
    let story = two_offered()
        .when("AcceptOffer", of_offer(1), &["OfferAccepting"])
        .when(
            "ForceRequeue",
            force,
            &["OfferCanceled", "OfferRescinded", "ForceRequeued", "Queued"],
        );
    let queued = story.data("Queued");
    assert_eq!(
        (&queued["queue"], &queued["enqueued_at"]),
        (&json!("fx-2"), &json!(time(1)))
    );
}

#[test]
fn clock_that_goes_back_gives_a_wait_of_zero_and_says_so() {
    let story = created()
        .at(100)
        .when("Enqueue", enqueue(), &["Queued"])
        .at(40)
        .when("CustomerLeft", json!({}), &["Abandoned"]);
    let abandoned = story.data("Abandoned");
    assert_eq!(
        (&abandoned["wait_ms"], &abandoned["clock_anomaly"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(abandoned["at"], json!(time(100)));
    assert_eq!(active().data("Connected")["clock_anomaly"], false);
}
