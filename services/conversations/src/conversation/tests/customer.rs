//! Every action of a customer, in every state: it has events, or a reason to have none.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use super::*;

/// The actions of the table: how each is sent.
const ACTIONS: [(&str, &str); 5] = [
    ("leaves", "CustomerLeft"),
    ("ends the talk", "End"),
    ("cancels", "Cancel"),
    ("asks for a callback", "RequestCallback"),
    ("writes", "ReceiveMessage"),
];

/// The cells without an event, and why nothing is left to do.
const NOTHING: [(&str, &[&str], &str); 5] = [
    (
        "callback kept",
        &["leaves", "ends the talk"],
        "they hang up to be called back",
    ),
    (
        "WRAP_UP",
        &["leaves", "ends the talk"],
        "the talk is over; what was asked for since is still answered",
    ),
    ("WRAP_UP", &["cancels"], "nothing is left to cancel"),
    (
        "CLOSED",
        &["leaves", "ends the talk", "cancels"],
        "it is over already",
    ),
    (
        "callback",
        &["asks for a callback"],
        "the same was asked for before",
    ),
];

fn does(action: &str) -> C {
    let (_, name) = ACTIONS.iter().find(|(known, _)| *known == action).unwrap();
    let data = match *name {
        "End" => json!({ "by": "customer" }),
        "RequestCallback" => request_callback(),
        "ReceiveMessage" => inbound("m9", "one more thing"),
        _ => json!({}),
    };
    command(name, data)
}

fn asked(story: Story) -> Story {
    story.when("RequestCallback", request_callback(), &["FollowUpDeferred"])
}

fn wrote(story: Story) -> Story {
    let events = ["MessageReceived", "FollowUpDeferred"];
    story.when("ReceiveMessage", inbound("m1", "wait"), &events)
}

fn week_later(story: Story) -> Story {
    let second = story.second + 7 * 24 * 3_600;
    story.at(second)
}

fn merged() -> Story {
    active().when("Merge", json!({ "into": "C-2" }), &["Merged"])
}

/// A conversation in each state a customer can meet, the variants of a state one by one.
fn rows() -> Vec<(&'static str, Story)> {
    let hold = |story: Story| story.when("Hold", json!({}), &["Held"]);
    let join = ["ParticipantJoined"];
    let called_again = ["CallbackRequested"];
    vec![
        ("CREATED", created()),
        ("CREATED, callback kept", asked(created())),
        ("BOT", bot()),
        ("BOT, callback kept", asked(bot())),
        ("QUEUED", queued()),
        ("OFFERED", offered()),
        ("OFFERED to two", two_offered()),
        ("OFFERED, accepting", accepting()),
        ("ACTIVE", active()),
        ("ACTIVE, held", hold(active())),
        ("ACTIVE, consultation asked for", asking()),
        ("ACTIVE, consulting", consulting()),
        (
            "ACTIVE, conferenced",
            consulting().when("Conference", json!({}), &join),
        ),
        ("ACTIVE, callback kept", asked(active())),
        ("PARKED by the agent", parked()),
        (
            "PARKED by the agent, callback",
            parked().when("RequestCallback", request_callback(), &called_again),
        ),
        ("PARKED, callback", callback()),
        ("WRAP_UP", wrapping_up()),
        ("WRAP_UP, message kept", wrote(wrapping_up())),
        ("WRAP_UP, callback kept", asked(wrapping_up())),
        ("CLOSED, resolved", closed()),
        (
            "CLOSED, abandoned",
            queued().when("CustomerLeft", json!({}), &["Abandoned"]),
        ),
        (
            "CLOSED, cancelled",
            queued().when("Cancel", json!({}), &["Cancelled"]),
        ),
        (
            "CLOSED by a supervisor",
            active().when("ForceClose", json!({ "reason": "stuck" }), &["ForceClosed"]),
        ),
        ("CLOSED more than a week ago", week_later(closed())),
        (
            "CLOSED before it waited",
            bot().when("Contain", json!({}), &["ResolvedByBot"]),
        ),
        ("CLOSED, merged", merged()),
    ]
}

fn reason(row: &str, action: &str) -> Option<&'static str> {
    let mut cells = NOTHING.iter();
    let cell = cells.find(|(state, actions, _)| row.contains(state) && actions.contains(&action));
    cell.map(|(_, _, why)| *why)
}

fn events_of(story: &Story, action: &str) -> Vec<&'static str> {
    let decided = story
        .conversation
        .decide(&accepted(story.second, does(action)), &());
    let events = decided.unwrap_or_else(|rejection| panic!("{action}: {rejection}"));
    events.iter().map(E::name).collect()
}

#[test]
fn whatever_a_customer_does_is_heard_in_every_state() {
    for (row, story) in rows() {
        for (action, _) in ACTIONS {
            let events = events_of(&story, action);
            let is_new = !events.is_empty();
            let why = reason(row, action);
            assert!(
                is_new || why.is_some(),
                "{row}: {action} has neither events nor a reason"
            );
        }
    }
}

/// What is sent again changes nothing more.
#[test]
fn what_a_customer_does_twice_is_done_once() {
    for (row, story) in rows() {
        for (action, _) in ACTIONS {
            let mut story = story.clone();
            story.send(does(action)).unwrap();
            let again = story.send(does(action)).unwrap();
            let is_known = match again.as_slice() {
                [] => true,
                // The conversation that continues it knows the same.
                [E::CarriedOver(_)] => true,
                // The talk is over and the callback has begun: that is what they leave now.
                [E::Abandoned(_)] => row == "ACTIVE, callback kept",
                _ => false,
            };
            assert!(is_known, "{row}: {action} again: {again:?}");
        }
    }
}

/// No offer rings on for a customer who is not there to be connected.
#[test]
fn customer_who_goes_takes_the_offers_with_them() {
    for story in [offered(), two_offered(), accepting()] {
        let offers = story.conversation.stage.live_offers().len();
        for action in ["leaves", "ends the talk", "cancels", "asks for a callback"] {
            let events = events_of(&story, action);
            let ended = events.iter().filter(|name| name.starts_with("Offer"));
            assert_eq!(ended.count(), offers, "{action}: {events:?}");
        }
    }
}

#[test]
fn every_state_is_in_the_table() {
    let mut states: Vec<_> = rows()
        .iter()
        .map(|(row, story)| {
            let state = serde_json::to_value(story.conversation.state()).unwrap();
            assert!(row.starts_with(state.as_str().unwrap()), "{row}");
            state.to_string()
        })
        .collect();
    states.dedup();
    // All but that of a conversation which does not exist.
    assert_eq!(states.len(), 8);
}

fn table() -> String {
    let mut table = String::from("| State | the customer leaves");
    for (action, _) in &ACTIONS[1..] {
        write!(table, " | {action}").unwrap();
    }
    table += " |\n|---|---|---|---|---|---|\n";
    for (row, story) in rows() {
        write!(table, "| {row}").unwrap();
        for (action, _) in ACTIONS {
            let events = events_of(&story, action).join(", ");
            let cell = match reason(row, action) {
                Some(why) if events.is_empty() => format!("– {why}"),
                _ => format!("`{events}`"),
            };
            write!(table, " | {cell}").unwrap();
        }
        table += " |\n";
    }
    table
}

/// `UPDATE_DOCS=1 cargo test -p dealerboard-conversations` rewrites the page.
#[test]
fn table_in_the_docs_is_what_conversations_do() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/customer-actions.md");
    let written = fs::read_to_string(&page).unwrap();
    let (before, rest) = written.split_once("<!-- table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    let current = format!("{before}<!-- table -->\n{}<!-- end -->\n{after}", table());
    if env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(&page, &current).unwrap();
    }
    assert!(current == written, "{} is stale", page.display());
}
