//! Rows of the table before an agent is asked.

use super::*;

#[test]
fn opened_conversation_is_created() {
    let story = created().is(State::Created);
    assert_eq!(story.data("ConversationCreated")["conversation_id"], "C-1");
}

#[test]
fn opening_sent_again_is_a_retry_and_another_one_a_conflict() {
    let mut other = opening();
    other["intent"] = json!("complaint");
    queued().when("Create", opening(), &[]).refused(
        "Create",
        other,
        ConversationRejection::ID_CONFLICT,
    );
}

#[test]
fn opening_under_an_id_with_a_slash_is_refused() {
    let mut accepted = accepted(0, command("Create", opening()));
    accepted.id = "C/1".parse().unwrap();
    let decided = Conversation::default().decide(&accepted, &());
    assert!(matches!(
        decided,
        Err(ConversationRejection::ConversationIdInvalid(_))
    ));
}

#[test]
fn created_goes_to_a_bot() {
    bot().is(State::Bot);
}

#[test]
fn created_is_enqueued() {
    let story = queued().is(State::Queued);
    let queued = story.data("Queued");
    assert_eq!(queued["cause"], "enqueued");
    assert_eq!(queued["enqueued_at"], json!(time(1)));
    assert_eq!((&queued["seq"], &queued["hops"]), (&json!(1), &json!(0)));
    assert_eq!(queued["priority"], 7);
}

#[test]
fn priority_is_that_of_the_opening_when_the_queue_names_none() {
    let story = created().when("Enqueue", json!({ "queue": "fx" }), &["Queued"]);
    assert_eq!(story.data("Queued")["priority"], 5);
}

#[test]
fn bot_hands_off_and_the_wait_begins_there() {
    let handoff = json!({ "reason": "wants a quote", "summary": "EURUSD 5m", "queue": "fx" });
    let story = bot()
        .at(300)
        .when("Handoff", handoff, &["HandedOff", "Queued"])
        .is(State::Queued);
    assert_eq!(story.data("Queued")["enqueued_at"], json!(time(300)));
    assert_eq!(story.data("Queued")["cause"], "handed_off");
}

#[test]
fn customer_who_leaves_before_the_queue_is_in_no_queue_metric() {
    for story in [created(), bot()] {
        let story = story.when("CustomerLeft", json!({}), &["LeftBeforeQueue"]);
        assert_eq!(story.close_reason(), Some(CloseReason::Abandoned));
    }
}

#[test]
fn contained_conversation_is_resolved_by_the_bot() {
    for story in [created(), bot()] {
        let story = story.when("Contain", json!({}), &["ResolvedByBot"]);
        assert_eq!(story.close_reason(), Some(CloseReason::Resolved));
    }
}

#[test]
fn reprioritised_relaxed_and_overflowed_it_keeps_its_place() {
    let story = queued()
        .when(
            "Reprioritise",
            json!({ "priority": 60 }),
            &["PriorityChanged"],
        )
        .when(
            "Relax",
            json!({ "ring": 1, "dropped": ["lang:de"] }),
            &["RequirementsRelaxed"],
        )
        .when("Overflow", json!({ "queue": "fx-2" }), &["Overflowed"])
        .is(State::Queued);
    let place = story.conversation.stage.place().unwrap();
    assert_eq!((place.enqueued_at, place.seq), (time(1), 1));
    assert_eq!(place.queue.as_str(), "fx-2");
    assert_eq!(place.priority.get(), 60);
    assert_eq!(
        story.data("RequirementsRelaxed")["requirements"],
        json!(["product:fxo"])
    );
}

#[test]
fn change_to_what_already_holds_is_no_event() {
    queued()
        .when("Reprioritise", json!({ "priority": 7 }), &[])
        .when("Relax", json!({ "ring": 0, "dropped": [] }), &[])
        .when("Overflow", json!({ "queue": "fx" }), &[]);
}

#[test]
fn taken_by_hand_it_is_theirs_once_their_slot_is_active() {
    let take = json!({
        "agent_id": "A-3", "offer_id": "O-3", "decision_id": "D-3", "over_capacity": true,
    });
    let taken = ["ManuallyTaken", "Offered", "OfferAccepting"];
    let story = queued()
        .at(31)
        .when("TakeManually", take, &taken)
        .is(State::Offered);
    assert_eq!(story.data("ManuallyTaken")["over_capacity"], json!(true));
    let connect = json!({ "offer_id": "O-3" });
    let story = story
        .when("ConnectOffer", connect, &["OfferAccepted", "Connected"])
        .is(State::Active);
    assert_eq!(story.data("Connected")["wait_ms"], json!(31_000));
    assert_eq!(story.conversation.stage.owner().unwrap().as_str(), "A-3");
}

#[test]
fn customer_who_leaves_the_queue_has_abandoned() {
    for (second, short) in [(6, true), (7, false)] {
        let story = queued()
            .at(second)
            .when("CustomerLeft", json!({}), &["Abandoned"]);
        let abandoned = story.data("Abandoned");
        assert_eq!(abandoned["wait_ms"], (second - 1) * 1_000);
        assert_eq!(abandoned["short"], short);
        assert_eq!(abandoned["while_offered"], false);
        assert_eq!(story.close_reason(), Some(CloseReason::Abandoned));
    }
}

#[test]
fn callback_is_parked_and_keeps_its_place() {
    let story = callback()
        .is(State::Parked)
        .when("Unpark", json!({}), &["Unparked"])
        .is(State::Queued);
    let place = story.conversation.stage.place().unwrap();
    assert_eq!((place.enqueued_at, place.seq), (time(1), 1));
}

#[test]
fn waiting_conversation_expires_and_is_cancelled() {
    let story = queued().when("Expire", json!({ "seq": 1 }), &["Expired"]);
    assert_eq!(story.close_reason(), Some(CloseReason::Expired));
    let story = offered().when("Expire", json!({ "seq": 1 }), &["OfferCanceled", "Expired"]);
    assert_eq!(story.close_reason(), Some(CloseReason::Expired));
    let story = queued().when("Cancel", json!({}), &["Cancelled"]);
    assert_eq!(story.close_reason(), Some(CloseReason::Cancelled));
    two_offered().when(
        "Cancel",
        json!({}),
        &["OfferCanceled", "OfferCanceled", "Cancelled"],
    );
}

#[test]
fn overdue_answer_is_said_once_of_a_stay_whether_or_not_it_is_offered() {
    let enqueue = json!({ "queue": "fx", "answer_within_ms": 30_000 });
    let waiting = || created().when("Enqueue", enqueue.clone(), &["Queued"]);
    let overdue = json!({ "seq": 1 });
    let said = waiting().when("MarkOverdue", overdue.clone(), &["AnswerOverdue"]);
    let said = said.when("MarkOverdue", overdue.clone(), &[]);
    assert_eq!(said.data("AnswerOverdue")["queue"], "fx");
    let requeue = json!({ "queue": "fx", "reason": "stuck" });
    said.when(
        "ForceRequeue",
        requeue.clone(),
        &["ForceRequeued", "Queued"],
    )
    .when("MarkOverdue", json!({ "seq": 2 }), &[]);
    waiting()
        .when("MarkOffered", offer(1, 1, 1), &["Offered"])
        .when("MarkOverdue", overdue.clone(), &["AnswerOverdue"])
        .is(State::Offered);
    let moved = waiting().when("ForceRequeue", requeue, &["ForceRequeued", "Queued"]);
    assert_eq!(moved.data("Queued")["answer_by"], json!(time(31)));
    moved.when("MarkOverdue", overdue.clone(), &[]).when(
        "MarkOverdue",
        json!({ "seq": 2 }),
        &["AnswerOverdue"],
    );
    // Nothing was promised, or it has been answered.
    queued().when("MarkOverdue", overdue.clone(), &[]);
    active().when("MarkOverdue", overdue, &[]);
}

#[test]
fn expiry_of_a_stay_that_is_over_changes_nothing() {
    active().when("Expire", json!({ "seq": 1 }), &[]);
    queued().when("Expire", json!({ "seq": 2 }), &[]);
}
