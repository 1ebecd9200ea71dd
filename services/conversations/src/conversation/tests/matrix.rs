//! Every command in every state: which are refused for want of a row.

use super::wire::every_command;
use super::*;

fn stories() -> Vec<Story> {
    vec![
        Story::default(),
        created(),
        bot(),
        queued(),
        offered(),
        active(),
        parked(),
        wrapping_up(),
        closed(),
    ]
}

/// Commands that a reaction or a timer may send at any time, that people may repeat, or that only
/// messages can refuse, and all actions of customers: none is refused for the state of an existing conversation.
const ANYWHERE: &[&str] = &[
    "Create",
    "Expire",
    "MarkOverdue",
    "OfferMatch",
    "AcceptOffer",
    "RejectOffer",
    "ExpireOffer",
    "RescindOffer",
    "FailOffer",
    "ConnectOffer",
    "LoseAgent",
    "ExpireWrapUp",
    "CustomerLeft",
    "Cancel",
    "RequestCallback",
    "ReceiveMessage",
    "ReceiveCarried",
    "MarkSent",
    "RecordReceipt",
    "CancelMessage",
    "MarkSeen",
];

/// Commands with a row in the state.
fn rows(state: State) -> Vec<&'static str> {
    let own: &[&str] = match state {
        State::Absent => return vec!["Create", "ReceiveCarried"],
        State::Created => &["RouteToBot", "Enqueue", "Contain"],
        State::Bot => &["Handoff", "Contain"],
        State::Queued => &[
            "MarkOffered",
            "Reprioritise",
            "Relax",
            "Overflow",
            "TakeManually",
        ],
        State::Offered => &["MarkOffered"],
        State::Active => &["Hold", "Park", "Consult", "TransferCold", "End"],
        State::Parked => &["Unpark", "CompleteWrapUp"],
        State::WrapUp => &["CompleteWrapUp"],
        State::Closed => &["Reopen", "CompleteWrapUp"],
    };
    let unless_closed: &[&str] = match state {
        State::Closed => &[],
        _ => &[
            "ForceRequeue",
            "ForceClose",
            "Merge",
            "SendMessage",
            "RetryMessage",
        ],
    };
    [ANYWHERE, own, unless_closed].concat()
}

#[test]
fn command_is_an_invalid_transition_exactly_where_the_table_has_no_row() {
    let mut seen = Vec::new();
    for story in stories() {
        let state = story.conversation.state();
        seen.push(state);
        for command in every_command() {
            let name = command.name();
            let decided = story
                .conversation
                .decide(&accepted(story.second, command), &());
            let version = story.conversation.version();
            let invalid = ConversationRejection::InvalidTransition {
                state,
                command: name,
                version,
            };
            let is_row = rows(state).contains(&name);
            let is_refused = decided == Err(invalid);
            assert_eq!(is_refused, !is_row, "{name} while {state}: {decided:?}");
        }
    }
    assert_eq!(seen.len(), 9);
}
