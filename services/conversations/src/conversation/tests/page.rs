//! The page of the context: its table is what conversations do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::wire::every_command;
use super::*;

/// When the examples are sent, in seconds.
const LATER: i64 = 100;

fn state_of(conversation: &Conversation) -> &'static str {
    match conversation.state() {
        State::Absent => "Absent",
        State::Created => "Created",
        State::Bot => "Bot",
        State::Queued => "Queued",
        State::Offered => "Offered",
        State::Active => "Active",
        State::Parked => "Parked",
        State::WrapUp => "WrapUp",
        State::Closed => "Closed",
    }
}

fn promised() -> Story {
    let enqueue = json!({ "queue": "fx", "ttl_ms": 600_000, "answer_within_ms": 30_000 });
    created().when("Enqueue", enqueue, &["Queued"])
}

fn over(story: Story) -> Story {
    story.when("ForceClose", json!({ "reason": "stuck" }), &["ForceClosed"])
}

/// Has written to the customer, and may be asked what became of it.
fn wrote(story: Story) -> Story {
    story.when("SendMessage", outbound("s1", &["acme"]), &["MessageQueued"])
}

fn columns() -> Vec<Column<Conversation>> {
    let held = active().when("Hold", json!({}), &["Held"]);
    let conferenced = consulting().when("Conference", json!({}), &["ParticipantJoined"]);
    let both = ["MessageSent", "MessageStatusChanged"];
    let sent = wrote(active()).when("MarkSent", sent("s1", 1, "p1"), &both);
    let failed = receipt("p1", 1, "acme", "FAILED", 120);
    let reported = ["ReceiptRecorded", "MessageStatusChanged"];
    let failed = sent.clone().when("RecordReceipt", failed, &reported);
    let heard = inbound("m1", "5m EURUSD?");
    let heard = active().when("ReceiveMessage", heard, &["MessageReceived"]);
    let merged = active().when("Merge", json!({ "into": "C-2" }), &["Merged"]);
    let never_waited = bot().when("Contain", json!({}), &["ResolvedByBot"]);
    let stories = [
        vec![Story::default()],
        vec![created()],
        vec![bot()],
        vec![queued(), promised()],
        vec![offered(), two_offered(), accepting()],
        vec![
            active(),
            held,
            asking(),
            consulting(),
            conferenced,
            wrote(active()),
            sent,
            failed,
            heard,
        ],
        vec![parked(), callback()],
        vec![wrapping_up()],
        vec![closed(), over(wrote(active())), merged, never_waited],
    ];
    let column = |stories: Vec<Story>| {
        let conversations: Vec<_> = stories
            .into_iter()
            .map(|story| story.conversation)
            .collect();
        (state_of(&conversations[0]), conversations)
    };
    stories.map(column).into()
}

/// Examples beside those that the wire is tested with: of what the stories speak of.
fn more() -> Vec<C> {
    let named = |name, data| command(name, data);
    let offers = ["AcceptOffer", "ExpireOffer", "ConnectOffer"];
    let mut more: Vec<_> = offers.map(|name| named(name, of_offer(1))).into();
    more.extend([
        named("ConnectOffer", of_offer(9)),
        named(
            "RejectOffer",
            json!({ "offer_id": "O-1", "reason": "busy" }),
        ),
        named(
            "RescindOffer",
            json!({ "offer_id": "O-1", "cause": "agent_unavailable" }),
        ),
        named(
            "FailOffer",
            json!({ "offer_id": "O-1", "cause": "setup_timeout" }),
        ),
        named("MarkOffered", offer(1, 2, 1)),
        named("End", json!({ "by": "customer" })),
        named("End", json!({ "by": "agent" })),
        named("CompleteWrapUp", json!({ "agent_id": "A-1", "codes": [] })),
        named("ExpireWrapUp", json!({ "agent_id": "A-1" })),
        named("TransferCold", json!({ "queue": "rates" })),
        named("Merge", json!({ "into": "C-1" })),
    ]);
    more
}

fn rows() -> Vec<Row<Conversation>> {
    let mut rows: Vec<Row<_>> = Vec::new();
    for command in every_command().into_iter().chain(more()) {
        let name = command.name();
        let example: Example<_> = Box::new(move |_| accepted(LATER, command.clone()));
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, examples)) => examples.push(example),
            None => rows.push((name, vec![example])),
        }
    }
    rows
}

#[test]
fn examples_are_in_the_states_that_the_table_names() {
    for (name, conversations) in columns() {
        for conversation in conversations {
            assert_eq!(state_of(&conversation), name);
        }
    }
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-conversations`.
#[test]
fn page_of_conversations_is_what_conversations_do() {
    let page = Page::of("conversations");
    page.shows("states", &machine(&columns(), &rows(), state_of));
    page.shows("commands", &commands::<Conversation>());
    page.shows("refusals", &refusals(ConversationRejection::ALL));
}
