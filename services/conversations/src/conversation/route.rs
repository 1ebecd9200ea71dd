//! How a conversation is reached over HTTP. What only timers and reactions send has no route.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

/// For the agent who has the conversation, and for the channels that bring it.
const WORK: Permission = Permission::new("conversations", "work");
const SUPERVISE: Permission = Permission::new("conversations", "supervise");
const READ: Permission = Permission::new("conversations", "read");

macro_rules! on {
    ($rest:literal, $command:literal, $allow:expr, $summary:literal) => {
        CommandRoute::new(
            concat!("/v1/conversations/{conversation_id}", $rest),
            $command,
            $allow,
            $summary,
        )
    };
}

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/conversations",
        "Create",
        WORK,
        "opens a conversation under an id of the caller's",
    )
    .id_from_body(&["conversation_id"]),
    on!(":route-to-bot", "RouteToBot", WORK, "gives it to a bot"),
    on!(":enqueue", "Enqueue", WORK, "puts it into a queue"),
    on!(
        ":handoff",
        "Handoff",
        WORK,
        "moves it from the bot to a queue"
    ),
    on!(
        ":customer-left",
        "CustomerLeft",
        WORK,
        "reports that the customer left"
    ),
    on!(
        ":contain",
        "Contain",
        WORK,
        "ends it as resolved by the bot"
    ),
    on!(
        "/offers",
        "MarkOffered",
        SUPERVISE,
        "records an offer to an agent"
    ),
    on!(
        "/priority",
        "Reprioritise",
        SUPERVISE,
        "sets the priority in its queue"
    ),
    on!(":relax", "Relax", SUPERVISE, "drops requirements"),
    on!(
        ":overflow",
        "Overflow",
        SUPERVISE,
        "moves it to another queue and keeps its place"
    ),
    on!(
        ":take",
        "TakeManually",
        WORK,
        "takes it from the queue without an offer"
    ),
    on!(":accept-offer", "AcceptOffer", WORK, "accepts an offer"),
    on!(":reject-offer", "RejectOffer", WORK, "rejects an offer"),
    on!(
        ":rescind-offer",
        "RescindOffer",
        SUPERVISE,
        "takes an offer back"
    ),
    on!(
        ":fail-offer",
        "FailOffer",
        WORK,
        "reports that an accepted offer could not be connected"
    ),
    on!(
        "/callbacks",
        "RequestCallback",
        WORK,
        "asks for a callback instead of waiting"
    ),
    on!(":cancel", "Cancel", WORK, "cancels it while it waits"),
    on!(":hold", "Hold", WORK, "puts the customer on hold"),
    on!(":resume", "Resume", WORK, "ends a hold"),
    on!(
        ":park",
        "Park",
        WORK,
        "sets it aside until a time or a reply"
    ),
    on!(":unpark", "Unpark", WORK, "brings it back into its queue"),
    on!(":consult", "Consult", WORK, "asks a second agent"),
    on!(
        ":conference",
        "Conference",
        WORK,
        "joins customer and both agents"
    ),
    on!(":end-consult", "EndConsult", WORK, "ends a consultation"),
    on!(
        ":transfer-cold",
        "TransferCold",
        WORK,
        "transfers it through a queue"
    ),
    on!(
        ":complete-transfer",
        "CompleteTransfer",
        WORK,
        "gives it to the consulted agent"
    ),
    on!(
        ":fail-transfer",
        "FailTransfer",
        WORK,
        "reports that a transfer failed"
    ),
    on!(
        ":end",
        "End",
        WORK,
        "ends the contact and begins the wrap-up"
    ),
    on!(
        ":complete-wrap-up",
        "CompleteWrapUp",
        WORK,
        "records disposition and notes, and closes it"
    ),
    on!(
        ":force-requeue",
        "ForceRequeue",
        SUPERVISE,
        "takes it from its agent back into the queue"
    ),
    on!(
        ":force-close",
        "ForceClose",
        SUPERVISE,
        "closes it whatever its state"
    ),
    on!(
        ":merge",
        "Merge",
        WORK,
        "merges it into another conversation"
    ),
    on!(
        ":reopen",
        "Reopen",
        WORK,
        "opens a closed conversation again"
    ),
    on!(
        ":receive-message",
        "ReceiveMessage",
        WORK,
        "records a message of the customer"
    ),
    on!(
        "/messages",
        "SendMessage",
        WORK,
        "sends a message to its recipients"
    ),
    on!(
        ":mark-sent",
        "MarkSent",
        WORK,
        "reports that a channel took a message"
    ),
    on!(
        "/receipts",
        "RecordReceipt",
        WORK,
        "records what a channel reports of a message"
    ),
    on!(
        ":retry-message",
        "RetryMessage",
        WORK,
        "sends a failed message again"
    ),
    on!(
        ":cancel-message",
        "CancelMessage",
        WORK,
        "cancels a message that was not sent"
    ),
    on!(
        ":mark-seen",
        "MarkSeen",
        WORK,
        "records up to where the agent has read"
    ),
];

/// What reactions report of agents, and what timers fire.
pub(crate) const INTERNAL: &[&str] = &[
    "OfferMatch",
    "ExpireOffer",
    "ConnectOffer",
    "Expire",
    "MarkOverdue",
    "ExpireWrapUp",
    "LoseAgent",
    "ReceiveCarried",
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/conversations/{conversation_id}",
    list: "/v1/conversations",
    allow: READ,
    summary: "state, offers, clocks, the latest 200 messages and 100 lines of timeline",
};
