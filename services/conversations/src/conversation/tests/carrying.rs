//! What reaches a closed conversation, and is handled by the one that continues it.

use super::*;

fn merged() -> Story {
    active().when("Merge", json!({ "into": "C-2" }), &["Merged"])
}

fn carried_callback() -> Value {
    json!({ "type": "callback", "data": request_callback() })
}

#[test]
fn message_to_a_merged_conversation_goes_to_its_target_once() {
    let message = inbound("m9", "one more thing");
    let story = merged()
        .when("ReceiveMessage", message.clone(), &["CarriedOver"])
        .when("ReceiveMessage", message, &[])
        .is(State::Closed);
    let over = story.data("CarriedOver");
    assert_eq!(over["into"], "C-2");
    assert_eq!(over["carried"]["trail"], json!(["C-1"]));
    assert_eq!(over["carried"]["request"]["data"]["body"], "one more thing");
    let other = inbound("m9", "something else");
    let mismatch = ConversationRejection::IDEMPOTENCY_MISMATCH;
    story.refused("ReceiveMessage", other, mismatch);
}

#[test]
fn carried_request_is_what_the_customer_would_have_asked_here() {
    let message = || carried(&["C-0"], carried_message());
    let callback = || carried(&["C-0"], carried_callback());
    active()
        .when("ReceiveCarried", message(), &["MessageReceived"])
        .when("ReceiveCarried", message(), &[])
        .when("ReceiveMessage", inbound("m9", "one more thing"), &[]);
    parked().when(
        "ReceiveCarried",
        message(),
        &["MessageReceived", "Unparked", "Queued"],
    );
    closed().when(
        "ReceiveCarried",
        message(),
        &["Reopened", "Queued", "MessageReceived"],
    );
    offered().when(
        "ReceiveCarried",
        callback(),
        &["OfferCanceled", "CallbackRequested"],
    );
    let on = merged().when("ReceiveCarried", message(), &["CarriedOver"]);
    assert_eq!(
        on.data("CarriedOver")["carried"]["trail"],
        json!(["C-0", "C-1"])
    );
}

#[test]
fn target_that_does_not_exist_is_opened_for_the_customer() {
    let opened = [
        "ConversationCreated",
        "Continued",
        "Queued",
        "MessageReceived",
    ];
    let story = Story::default()
        .when(
            "ReceiveCarried",
            carried(&["C-0"], carried_message()),
            &opened,
        )
        .is(State::Queued);
    assert_eq!(story.data("Continued")["from"], "C-0");
    assert_eq!(story.data("ConversationCreated")["customer_id"], "acme");
    assert_eq!(story.data("Queued")["sticky"]["agent_id"], "A-1");
    let opened = [
        "ConversationCreated",
        "Continued",
        "Queued",
        "CallbackRequested",
    ];
    Story::default()
        .when(
            "ReceiveCarried",
            carried(&["C-0"], carried_callback()),
            &opened,
        )
        .is(State::Parked);
}

#[test]
fn message_after_the_window_begins_a_conversation_that_continues_this_one() {
    let week = 7 * 24 * 3_600;
    let story = closed()
        .at(week + 60)
        .when(
            "ReceiveMessage",
            inbound("m9", "hello again"),
            &["CarriedOver"],
        )
        .when(
            "ReceiveMessage",
            inbound("m10", "anybody?"),
            &["CarriedOver"],
        );
    let mut carried = story.log.iter().filter_map(|event| match event {
        E::CarriedOver(over) => Some(&over.into),
        _ => None,
    });
    let (first, second) = (carried.next().unwrap(), carried.next().unwrap());
    assert_eq!(first, second, "both go to the same one");
    assert_eq!(story.data("CarriedOver")["carried"]["queue"], "fx");
}

#[test]
fn what_never_waited_goes_on_in_a_new_conversation_without_a_queue() {
    let story = bot().when("Contain", json!({}), &["ResolvedByBot"]).when(
        "ReceiveMessage",
        inbound("m9", "one more thing"),
        &["CarriedOver"],
    );
    assert_eq!(story.data("CarriedOver")["carried"]["queue"], Value::Null);
    let carried = story.data("CarriedOver")["carried"].clone();
    Story::default()
        .when(
            "ReceiveCarried",
            carried,
            &["ConversationCreated", "Continued", "MessageReceived"],
        )
        .is(State::Created);
}

#[test]
fn conversations_merged_in_a_circle_end_where_the_message_came_in() {
    let reopened = ["Reopened", "Queued", "MessageReceived"];
    let back = carried(&["C-1", "C-2"], carried_message());
    merged()
        .when(
            "ReceiveMessage",
            inbound("m9", "one more thing"),
            &["CarriedOver"],
        )
        .when("ReceiveCarried", back.clone(), &reopened)
        .is(State::Queued)
        .when("ReceiveCarried", back, &[]);
}

#[test]
fn trail_that_is_too_long_ends_where_it_is() {
    let trail: Vec<_> = (0..16).map(|n| format!("T-{n}")).collect();
    let trail: Vec<_> = trail.iter().map(String::as_str).collect();
    let reopened = ["Reopened", "Queued", "MessageReceived"];
    merged().when(
        "ReceiveCarried",
        carried(&trail, carried_message()),
        &reopened,
    );
}

#[test]
fn callback_that_was_kept_goes_along_with_a_merge() {
    let story = active()
        .when("RequestCallback", request_callback(), &["FollowUpDeferred"])
        .when(
            "Merge",
            json!({ "into": "C-2" }),
            &["Merged", "CarriedOver"],
        );
    let request = &story.data("CarriedOver")["carried"]["request"];
    assert_eq!(request["type"], "callback");
}

#[test]
fn refusal_to_reopen_names_the_continuation() {
    let refused = merged().decide("Reopen", &json!({})).unwrap_err();
    assert!(
        refused.to_string().ends_with("it continues in C-2"),
        "{refused}"
    );
}
