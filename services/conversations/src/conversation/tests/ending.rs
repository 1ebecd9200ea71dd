//! Rows of the table about ends and what comes after.

use super::*;

#[test]
fn ended_conversation_wraps_up_or_is_closed_at_once() {
    let story = wrapping_up().is(State::WrapUp);
    let ended = story.data("Ended");
    assert_eq!(
        (&ended["by"], &ended["agent_id"]),
        (&json!("agent"), &json!("A-1"))
    );
    assert_eq!(
        (&ended["wrap_up_s"], &ended["disposition_required"]),
        (&json!(60), &json!(true))
    );
    let story = active().when("End", json!({ "by": "customer" }), &["Ended"]);
    assert_eq!(story.close_reason(), Some(CloseReason::Resolved));
}

#[test]
fn wrap_up_is_disposed_with_codes_or_times_out() {
    let none = json!({ "agent_id": "A-1", "codes": [] });
    let story = wrapping_up()
        .refused(
            "CompleteWrapUp",
            none,
            ConversationRejection::DISPOSITION_REQUIRED,
        )
        .when(
            "ExpireWrapUp",
            json!({ "agent_id": "A-1", "wrap_up_version": 1 }),
            &[],
        )
        .when(
            "ExpireWrapUp",
            json!({ "agent_id": "A-1" }),
            &["WrapUpTimedOut"],
        );
    assert_eq!(story.close_reason(), Some(CloseReason::Resolved));
    assert_eq!(story.data("WrapUpTimedOut")["code"], "wrap-up-timed-out");
    let story = closed();
    assert_eq!(story.data("Disposed")["codes"], json!(["traded"]));
    assert_eq!(story.close_reason(), Some(CloseReason::Resolved));
}

#[test]
fn wrap_up_of_an_agent_who_passed_it_on_closes_nothing() {
    let done = json!({ "agent_id": "A-1", "codes": ["passed-on"] });
    consulting()
        .when(
            "CompleteTransfer",
            json!({ "wrap_up_s": 30 }),
            &["OwnerChanged"],
        )
        .when("CompleteWrapUp", done.clone(), &[])
        .when("ExpireWrapUp", json!({ "agent_id": "A-1" }), &[])
        .is(State::Active)
        .when("End", json!({ "by": "agent", "wrap_up_s": 30 }), &["Ended"])
        .when("CompleteWrapUp", done.clone(), &[])
        .is(State::WrapUp);
    closed().when("CompleteWrapUp", done.clone(), &[]);
    active().invalid("CompleteWrapUp", done);
}

#[test]
fn merged_conversation_goes_on_elsewhere() {
    let story = active().when("Merge", json!({ "into": "C-2" }), &["Merged"]);
    assert_eq!(story.close_reason(), Some(CloseReason::Merged));
    assert_eq!(story.data("Merged")["agent_id"], "A-1");
    two_offered().when(
        "Merge",
        json!({ "into": "C-2" }),
        &["OfferCanceled", "OfferCanceled", "Merged"],
    );
    let own = json!({ "into": "C-1" });
    active().refused("Merge", own, ConversationRejection::MERGE_TARGET_INVALID);
    story
        .refused(
            "Reopen",
            json!({}),
            ConversationRejection::CONVERSATION_OVER,
        )
        .invalid("Merge", json!({ "into": "C-3" }));
}

#[test]
fn reopened_conversation_is_another_episode() {
    let story = closed()
        .at(100)
        .when("Reopen", json!({}), &["Reopened", "Queued"])
        .is(State::Queued);
    assert_eq!(story.conversation.episode, 2);
    assert_eq!(story.data("Reopened")["episode"], 2);
    assert_eq!(story.data("Reopened")["previous_agent"], "A-1");
    assert_eq!(story.data("Queued")["enqueued_at"], json!(time(100)));
}

#[test]
fn message_within_the_window_reopens_and_after_it_goes_on_elsewhere() {
    let week = 7 * 24 * 3_600;
    let message = inbound("m9", "one more thing");
    let closed_at = closed().second - 1;
    closed().at(closed_at + week).when(
        "ReceiveMessage",
        message.clone(),
        &["Reopened", "Queued", "MessageReceived"],
    );
    closed()
        .at(closed_at + week + 1)
        .when("ReceiveMessage", message, &["CarriedOver"])
        .refused(
            "Reopen",
            json!({}),
            ConversationRejection::CONVERSATION_OVER,
        );
}

#[test]
fn what_was_never_in_a_queue_is_not_reopened() {
    let over = ConversationRejection::CONVERSATION_OVER;
    bot()
        .when("Contain", json!({}), &["ResolvedByBot"])
        .refused("Reopen", json!({}), over);
}
