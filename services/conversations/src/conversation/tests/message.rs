//! Rules of messages.

use super::*;

fn sent_story() -> Story {
    active()
        .when(
            "SendMessage",
            outbound("s1", &["acme", "boss"]),
            &["MessageQueued"],
        )
        .when(
            "MarkSent",
            sent("s1", 1, "p1"),
            &["MessageSent", "MessageStatusChanged"],
        )
}

fn failed_story() -> Story {
    sent_story()
        .when(
            "RecordReceipt",
            receipt("p1", 1, "acme", "FAILED", 110),
            &["ReceiptRecorded"],
        )
        .when(
            "RecordReceipt",
            receipt("p1", 1, "boss", "FAILED", 111),
            &["ReceiptRecorded", "MessageStatusChanged"],
        )
}

#[test]
fn status_of_a_group_message_is_that_of_the_last_recipient() {
    let story = sent_story()
        .when(
            "RecordReceipt",
            receipt("p1", 1, "acme", "READ", 110),
            &["ReceiptRecorded"],
        )
        .when(
            "RecordReceipt",
            receipt("p1", 1, "boss", "DELIVERED", 111),
            &["ReceiptRecorded", "MessageStatusChanged"],
        );
    assert_eq!(story.data("MessageStatusChanged")["status"], "DELIVERED");
}

#[test]
fn failed_and_delivered_of_one_recipient_is_an_anomaly_said_once() {
    let failed = receipt("p1", 1, "acme", "FAILED", 110);
    let delivered = receipt("p1", 1, "acme", "DELIVERED", 111);
    sent_story()
        .when("RecordReceipt", delivered, &["ReceiptRecorded"])
        .when(
            "RecordReceipt",
            failed.clone(),
            &["ReceiptRecorded", "ReceiptAnomaly"],
        )
        .when("RecordReceipt", failed, &[]);
}

#[test]
fn receipt_of_a_stranger_is_refused() {
    let unknown = ConversationRejection::RECIPIENT_UNKNOWN;
    sent_story().refused(
        "RecordReceipt",
        receipt("p1", 1, "eve", "READ", 110),
        unknown,
    );
}

#[test]
fn receipt_of_an_old_attempt_cannot_touch_the_new_one() {
    let retry = json!({ "client_message_id": "s1", "attempt": 1 });
    let story = failed_story()
        .when("RetryMessage", retry.clone(), &["MessageRetried"])
        .when("RetryMessage", retry, &[])
        .when("RecordReceipt", receipt("p1", 1, "acme", "READ", 130), &[])
        .when(
            "MarkSent",
            sent("s1", 2, "p1"),
            &["MessageSent", "MessageStatusChanged"],
        );
    assert_eq!(story.data("MessageStatusChanged")["status"], "SENT");
    assert_eq!(story.data("MessageStatusChanged")["attempt"], 2);
}

#[test]
fn only_a_failed_message_is_retried_and_ten_times_at_most() {
    sent_story().invalid(
        "RetryMessage",
        json!({ "client_message_id": "s1", "attempt": 1 }),
    );
    let mut story = failed_story();
    for attempt in 1..10 {
        let retry = json!({ "client_message_id": "s1", "attempt": attempt });
        story.send(command("RetryMessage", retry)).unwrap();
        story
            .send(command("MarkSent", sent("s1", attempt + 1, "p1")))
            .unwrap();
        for to in ["acme", "boss"] {
            let failed = receipt("p1", attempt + 1, to, "FAILED", 140);
            story.send(command("RecordReceipt", failed)).unwrap();
        }
    }
    let retry = json!({ "client_message_id": "s1", "attempt": 10 });
    story.refused("RetryMessage", retry, ConversationRejection::ATTEMPT_LIMIT);
}

#[test]
fn message_is_cancelled_only_before_it_is_sent() {
    let cancel = json!({ "client_message_id": "s1" });
    active()
        .when("SendMessage", outbound("s1", &["acme"]), &["MessageQueued"])
        .when("CancelMessage", cancel.clone(), &["MessageCancelled"])
        .when("CancelMessage", cancel.clone(), &[])
        .invalid("MarkSent", sent("s1", 1, "p1"));
    sent_story().invalid("CancelMessage", cancel);
}

#[test]
fn message_sent_again_is_a_retry_and_with_other_content_a_mismatch() {
    let mismatch = ConversationRejection::IDEMPOTENCY_MISMATCH;
    sent_story()
        .when("SendMessage", outbound("s1", &["boss", "acme"]), &[])
        .refused("SendMessage", outbound("s1", &["acme"]), mismatch)
        .when("MarkSent", sent("s1", 1, "p1"), &[])
        .refused("MarkSent", sent("s1", 1, "p2"), mismatch);
}

#[test]
fn inbound_message_is_seen_once() {
    let seen = json!({ "provider_message_id": "m1", "channel": "chat", "agent_id": "A-1" });
    active()
        .refused(
            "MarkSeen",
            seen.clone(),
            ConversationRejection::MESSAGE_UNKNOWN,
        )
        .when("ReceiveMessage", inbound("m1", "hi"), &["MessageReceived"])
        .when("MarkSeen", seen.clone(), &["MessageSeen"])
        .when("MarkSeen", seen, &[]);
}

#[test]
fn two_hundred_messages_are_known_and_the_oldest_is_forgotten() {
    let mut story = active();
    for n in 0..=200 {
        let message = inbound(&format!("m{n}"), "hi");
        story.send(command("ReceiveMessage", message)).unwrap();
    }
    story.when("ReceiveMessage", inbound("m1", "hi"), &[]).when(
        "ReceiveMessage",
        inbound("m0", "hi"),
        &["MessageReceived"],
    );
}

#[test]
fn hundred_early_receipts_are_kept_for_a_day() {
    let mut story = active();
    for n in 0..=100 {
        let early = receipt(&format!("p{n}"), 1, "acme", "SENT", 1);
        story.send(command("RecordReceipt", early)).unwrap();
    }
    story
        .when("RecordReceipt", receipt("p1", 1, "acme", "SENT", 1), &[])
        .when(
            "RecordReceipt",
            receipt("p0", 1, "acme", "SENT", 1),
            &["ReceiptBuffered"],
        )
        .at(100_000)
        .when(
            "RecordReceipt",
            receipt("new", 1, "acme", "SENT", 1),
            &["ReceiptBuffered"],
        )
        .when(
            "RecordReceipt",
            receipt("p50", 1, "acme", "SENT", 1),
            &["ReceiptBuffered"],
        );
}
