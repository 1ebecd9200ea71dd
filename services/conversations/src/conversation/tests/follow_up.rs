//! What is asked for while a bot or an agent has the conversation, and done when none has.

use super::*;

const DEFERRED: &[&str] = &["FollowUpDeferred"];

fn wrote_in_wrap_up() -> Story {
    let events = ["MessageReceived", "FollowUpDeferred"];
    wrapping_up()
        .at(10)
        .when("ReceiveMessage", inbound("m9", "one more thing"), &events)
}

fn asked(story: Story) -> Story {
    story.when("RequestCallback", request_callback(), DEFERRED)
}

#[test]
fn message_in_wrap_up_reopens_when_the_wrap_up_ends_and_prefers_the_agent() {
    let done = json!({ "agent_id": "A-1", "codes": ["traded"] });
    let story = wrote_in_wrap_up().is(State::WrapUp);
    assert_eq!(story.data("FollowUpDeferred")["until"], "wrap_up_done");
    let reopened = ["Disposed", "Reopened", "Queued"];
    let story = story.at(70).when("CompleteWrapUp", done, &reopened);
    let queued = story.is(State::Queued).data("Queued");
    assert_eq!(queued["sticky"]["agent_id"], "A-1");
    assert_eq!(queued["cause"], "reopened");
    // The customer has waited since they wrote.
    assert_eq!(queued["enqueued_at"], json!(time(10)));
}

#[test]
fn wrap_up_that_ends_otherwise_reopens_for_the_message_as_well() {
    let reopened = ["WrapUpTimedOut", "Reopened", "Queued"];
    for name in ["ExpireWrapUp", "LoseAgent"] {
        wrote_in_wrap_up().when(name, json!({ "agent_id": "A-1" }), &reopened);
    }
}

#[test]
fn message_sent_again_in_wrap_up_reopens_once() {
    let done = json!({ "agent_id": "A-1", "codes": ["traded"] });
    let message = inbound("m9", "one more thing");
    wrote_in_wrap_up()
        .when("ReceiveMessage", message.clone(), &[])
        .when("ReceiveMessage", inbound("m10", "?"), &["MessageReceived"])
        .when(
            "CompleteWrapUp",
            done.clone(),
            &["Disposed", "Reopened", "Queued"],
        )
        .when("CompleteWrapUp", done, &[])
        .when("ReceiveMessage", message, &[])
        .is(State::Queued);
}

#[test]
fn promised_answer_counts_from_the_message_and_the_limit_from_the_queue() {
    let enqueue = json!({ "queue": "fx", "ttl_ms": 60_000, "answer_within_ms": 30_000 });
    let story = created()
        .when("Enqueue", enqueue, &["Queued"])
        .when("MarkOffered", offer(1, 1, 1), &["Offered"])
        .when("AcceptOffer", of_offer(1), &["OfferAccepting"])
        .when("ConnectOffer", of_offer(1), &["OfferAccepted", "Connected"])
        .when(
            "End",
            json!({ "by": "agent", "wrap_up_s": 900 }),
            &["Ended"],
        )
        .at(10)
        .when(
            "ReceiveMessage",
            inbound("m9", "?"),
            &["MessageReceived", "FollowUpDeferred"],
        )
        .at(500)
        .when(
            "CompleteWrapUp",
            json!({ "agent_id": "A-1", "codes": [] }),
            &["Disposed", "Reopened", "Queued"],
        );
    let queued = story.data("Queued");
    assert_eq!(queued["answer_by"], json!(time(40)));
    assert_eq!(queued["expires_at"], json!(time(560)));
}

#[test]
fn customer_who_cancels_in_wrap_up_is_not_asked_again() {
    let done = json!({ "agent_id": "A-1", "codes": ["traded"] });
    wrote_in_wrap_up()
        .when("Cancel", json!({}), &["FollowUpWithdrawn"])
        .when("CompleteWrapUp", done, &["Disposed"])
        .is(State::Closed);
}

#[test]
fn callback_asked_of_a_bot_is_done_once_it_is_queued() {
    let handoff = json!({ "reason": "r", "summary": "s", "queue": "fx" });
    let story = asked(bot())
        .when("CustomerLeft", json!({}), &[])
        .when(
            "Handoff",
            handoff,
            &["HandedOff", "Queued", "CallbackRequested"],
        )
        .is(State::Parked);
    assert_eq!(story.data("CallbackRequested")["number"], "+41445550100");
    assert_eq!(story.data("FollowUpDeferred")["until"], "queued");
    asked(created()).when("Enqueue", enqueue(), &["Queued", "CallbackRequested"]);
}

#[test]
fn callback_asked_during_the_talk_is_done_when_the_agent_has_done() {
    let until = json!({ "until": "1970-01-01T02:00:00Z" });
    let end = |wrap_up_s: u32| json!({ "by": "agent", "wrap_up_s": wrap_up_s });
    let reopened = ["Reopened", "Queued", "CallbackRequested"];
    let ended = [&["Ended"][..], &reopened].concat();
    let disposed = [&["Disposed"][..], &reopened].concat();
    asked(active())
        .when("End", end(0), &ended)
        .is(State::Parked);
    asked(active())
        .when("CustomerLeft", json!({}), &ended)
        .is(State::Parked);
    asked(active())
        .when("End", end(60), &["Ended"])
        .when(
            "CompleteWrapUp",
            json!({ "agent_id": "A-1", "codes": [] }),
            &disposed,
        )
        .is(State::Parked);
    asked(active())
        .when(
            "TransferCold",
            json!({ "queue": "rates" }),
            &[
                "TransferRequested",
                "AgentLeft",
                "Queued",
                "CallbackRequested",
            ],
        )
        .is(State::Parked);
    // The agent has it still: they are preferred when the time has come.
    let story = asked(active())
        .when("Park", until, &["Parked", "CallbackRequested"])
        .when("Unpark", json!({}), &["Unparked", "Queued"]);
    assert_eq!(story.data("Queued")["sticky"]["agent_id"], "A-1");
}

#[test]
fn customer_who_cancels_the_talk_is_not_called_back() {
    asked(active())
        .when("Cancel", json!({}), &["FollowUpWithdrawn", "Ended"])
        .is(State::Closed);
}

#[test]
fn callback_while_offered_takes_the_offer_back_and_keeps_the_place() {
    let story = offered()
        .when(
            "RequestCallback",
            request_callback(),
            &["OfferCanceled", "CallbackRequested"],
        )
        .is(State::Parked)
        .refused(
            "AcceptOffer",
            of_offer(1),
            ConversationRejection::STALE_OFFER,
        )
        .when("ExpireOffer", of_offer(1), &[])
        .when("Unpark", json!({}), &["Unparked"])
        .is(State::Queued);
    assert_eq!(story.data("Queued")["enqueued_at"], json!(time(1)));
    accepting()
        .when(
            "RequestCallback",
            request_callback(),
            &["OfferFailed", "CallbackRequested"],
        )
        // The agent's slot came too late.
        .when("ConnectOffer", of_offer(1), &[])
        .is(State::Parked);
}

#[test]
fn callback_can_be_put_off_and_the_agent_who_parked_keeps_it() {
    let later = json!({ "callback_at": "1970-01-01T02:00:00Z", "number": "+41445550100" });
    let story = parked()
        .when(
            "RequestCallback",
            request_callback(),
            &["CallbackRequested"],
        )
        .when("RequestCallback", request_callback(), &[])
        .when("RequestCallback", later, &["CallbackRequested"]);
    let version = story.conversation.version();
    let stale = json!({ "parked_version": version - 1 });
    let due = json!({ "parked_version": version });
    let story = story
        .when("Unpark", stale, &[])
        .when("Unpark", due, &["Unparked", "Queued"]);
    assert_eq!(story.data("Unparked")["agent_id"], "A-1");
}

#[test]
fn parked_customer_leaves_or_cancels() {
    for story in [parked(), callback()] {
        let left = story
            .clone()
            .when("CustomerLeft", json!({}), &["Abandoned"]);
        assert_eq!(left.close_reason(), Some(CloseReason::Abandoned));
        let cancelled = story.when("Cancel", json!({}), &["Cancelled"]);
        assert_eq!(cancelled.close_reason(), Some(CloseReason::Cancelled));
    }
    // The wait counts from the moment without an agent.
    let story = parked()
        .at(60)
        .when("CustomerLeft", json!({}), &["Abandoned"]);
    assert_eq!(story.data("Abandoned")["wait_ms"], 55_000);
    let story = callback()
        .at(60)
        .when("CustomerLeft", json!({}), &["Abandoned"]);
    assert_eq!(story.data("Abandoned")["wait_ms"], 59_000);
}

#[test]
fn message_in_wrap_up_is_answered_once_when_a_supervisor_queues_it_before() {
    let force = json!({ "queue": "fx", "reason": "customer waits" });
    wrote_in_wrap_up()
        .when("ForceRequeue", force, &["ForceRequeued", "Queued"])
        .when("MarkOffered", offer(2, 2, 1), &["Offered"])
        .when("AcceptOffer", of_offer(2), &["OfferAccepting"])
        .when("ConnectOffer", of_offer(2), &["OfferAccepted", "Connected"])
        .when("End", json!({ "by": "agent" }), &["Ended"])
        .is(State::Closed);
}
