//! What a query shows.

use kernel::fixtures::indexed::agrees_with_filters;
use kernel::{CommandId, EventId, EventMeta, View};

use super::*;

pub(super) fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: id(),
        sequence,
        at: time(0),
        actor: "desk".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

pub(super) fn viewed(log: &[E]) -> ConversationView {
    let mut view = ConversationView::default();
    for (sequence, event) in (1..).zip(log) {
        view.update(&meta(sequence), event);
    }
    view
}

fn shown(story: &Story) -> Value {
    serde_json::to_value(viewed(&story.log)).unwrap()
}

#[test]
fn view_of_nothing_is_null() {
    assert_eq!(shown(&Story::default()), Value::Null);
}

#[test]
fn live_offers_are_shown_with_their_state() {
    let story = two_offered().when("AcceptOffer", of_offer(1), &["OfferAccepting"]);
    let shown = shown(&story);
    assert_eq!(shown["state"], "OFFERED");
    assert_eq!(shown["offers"][0]["state"], "ACCEPTING");
    assert_eq!(shown["offers"][1]["state"], "PENDING");
    assert_eq!(shown["offers"][1]["agent_id"], "A-2");
}

#[test]
fn overdue_wait_is_shown_until_the_next_one() {
    let enqueue = json!({ "queue": "fx", "answer_within_ms": 30_000 });
    let story = created().when("Enqueue", enqueue, &["Queued"]);
    assert_eq!(shown(&story)["clocks"]["overdue_at"], Value::Null);
    let story = story
        .at(31)
        .when("MarkOverdue", json!({ "seq": 1 }), &["AnswerOverdue"])
        .when("MarkOffered", offer(1, 1, 1), &["Offered"])
        .when("ExpireOffer", of_offer(1), &["OfferExpired", "Requeued"]);
    assert_eq!(shown(&story)["clocks"]["overdue_at"], json!(time(31)));
    let again = ["Unparked", "Queued"];
    let story = story
        .when("MarkOffered", offer(2, 1, 1), &["Offered"])
        .when("AcceptOffer", of_offer(2), &["OfferAccepting"])
        .when("ConnectOffer", of_offer(2), &["OfferAccepted", "Connected"])
        .at(40)
        .when("Park", json!({}), &["Parked"])
        .when("Unpark", json!({}), &again);
    assert_eq!(shown(&story)["clocks"]["overdue_at"], Value::Null);
}

#[test]
fn clocks_add_up_where_the_time_went() {
    let story = active() // since second 4
        .at(10)
        .when("Hold", json!({}), &["Held"])
        .at(13)
        .when("Resume", json!({}), &["Resumed"])
        .at(20)
        .when(
            "End",
            json!({ "by": "customer", "wrap_up_s": 60 }),
            &["Ended"],
        )
        .at(25)
        .when(
            "CompleteWrapUp",
            json!({ "agent_id": "A-1", "codes": [] }),
            &["Disposed"],
        );
    let clocks = &shown(&story)["clocks"];
    assert_eq!(clocks["wait_ms"], 3_000);
    assert_eq!(clocks["talk_ms"], 13_000);
    assert_eq!(clocks["hold_ms"], 3_000);
    assert_eq!(clocks["wrap_up_ms"], 5_000);
    assert_eq!(clocks["first_connected_at"], json!(time(4)));
    assert_eq!(clocks["closed_at"], json!(time(25)));
}

#[test]
fn reopened_episode_has_clocks_of_its_own() {
    let story = closed()
        .at(100)
        .when("Reopen", json!({}), &["Reopened", "Queued"]);
    let shown = shown(&story);
    assert_eq!(
        (&shown["episode"], &shown["state"]),
        (&json!(2), &json!("QUEUED"))
    );
    assert_eq!(shown["close_reason"], Value::Null);
    assert_eq!(shown["clocks"]["talk_ms"], 0);
    assert_eq!(shown["clocks"]["enqueued_at"], json!(time(100)));
}

#[test]
fn read_message_is_shown_as_delivered_by_inference() {
    let story = active()
        .when("SendMessage", outbound("s1", &["acme"]), &["MessageQueued"])
        .when(
            "MarkSent",
            sent("s1", 1, "p1"),
            &["MessageSent", "MessageStatusChanged"],
        )
        .when(
            "RecordReceipt",
            receipt("p1", 1, "acme", "READ", 120),
            &["ReceiptRecorded", "MessageStatusChanged"],
        );
    let message = &shown(&story)["messages"][0];
    assert_eq!(
        (&message["direction"], &message["status"]),
        (&json!("outbound"), &json!("READ"))
    );
    let recipient = &message["recipients"]["acme"];
    assert_eq!(recipient["delivered_at"], json!(time(120)));
    assert_eq!(recipient["delivered_inferred"], true);
    assert_eq!(
        recipient["marks"],
        json!({ "SENT": time(100), "READ": time(120) })
    );
}

#[test]
fn timeline_and_messages_show_the_latest() {
    let mut story = active();
    for n in 0..250 {
        let message = inbound(&format!("m{n}"), "hi");
        story.send(command("ReceiveMessage", message)).unwrap();
    }
    let shown = shown(&story);
    assert_eq!(shown["messages"].as_array().unwrap().len(), 200);
    assert_eq!(shown["messages"][199]["provider_message_id"], "m249");
    assert_eq!(shown["timeline"].as_array().unwrap().len(), 100);
    assert_eq!(shown["timeline"][99]["event"], "MessageReceived");
    assert_eq!(shown["timeline"][99]["actor"], "desk");
    assert_eq!(shown["version"], story.log.len());
}

#[test]
fn hold_lasts_while_another_agent_is_consulted() {
    let story = active() // since second 4
        .at(10)
        .when("Hold", json!({}), &["Held"])
        .at(12)
        .when(
            "Consult",
            json!({ "target": "A-2", "offer_id": "O-9" }),
            &["ConsultStarted"],
        );
    let consulting = shown(&story);
    assert_eq!(consulting["sub_state"], "consulting");
    assert_eq!(consulting["customer_on_hold"], true);
    let story = story
        .at(20)
        .when("EndConsult", json!({}), &["ParticipantLeft"]);
    assert_eq!(shown(&story)["sub_state"], "held");
    let story = story.at(25).when("Resume", json!({}), &["Resumed"]);
    let talking = shown(&story);
    assert_eq!(talking["sub_state"], "talking");
    assert_eq!(talking["clocks"]["hold_ms"], 15_000);
}

#[test]
fn what_is_kept_or_goes_on_elsewhere_is_shown() {
    let story = wrapping_up().when(
        "ReceiveMessage",
        inbound("m9", "?"),
        &["MessageReceived", "FollowUpDeferred"],
    );
    assert_eq!(shown(&story)["follow_up"], json!({ "type": "reopening" }));
    let story = story.when("Merge", json!({ "into": "C-2" }), &["Merged"]);
    assert_eq!(shown(&story)["goes_on_in"], "C-2");
    assert_eq!(shown(&story)["follow_up"], Value::Null);
    let mut story = Story::default();
    let carried = carried(&["C-0"], carried_message());
    story.send(command("ReceiveCarried", carried)).unwrap();
    let shown = shown(&story);
    assert_eq!(shown["continues"], "C-0");
    assert_eq!(shown["messages"][0]["provider_message_id"], "m9");
}

#[test]
fn live_streams_find_a_conversation_by_queue_and_owner() {
    let story = created()
        .when("Enqueue", json!({ "queue": "fx" }), &["Queued"])
        .when("MarkOffered", offer(1, 1, 1), &["Offered"])
        .when("AcceptOffer", of_offer(1), &["OfferAccepting"])
        .when("ConnectOffer", of_offer(1), &["OfferAccepted", "Connected"]);
    agrees_with_filters(&viewed(&story.log), &["OTHER"]);
}
