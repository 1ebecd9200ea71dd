//! How commands are sent over HTTP. What only timers and reactions send has no route.

use kernel::route::{CommandRoute, IdFrom};

macro_rules! on {
    ($noun:literal, $command:literal) => {
        CommandRoute {
            path: concat!("/v1/conversations/{conversation_id}/", $noun),
            command: $command,
            id: IdFrom::Path,
        }
    };
}

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute {
        path: "/v1/conversations",
        command: "Create",
        id: IdFrom::Body(&["conversation_id"]),
    },
    on!("bot", "RouteToBot"),
    on!("enqueueings", "Enqueue"),
    on!("handoffs", "Handoff"),
    on!("departures", "CustomerLeft"),
    on!("containments", "Contain"),
    on!("offers", "MarkOffered"),
    on!("priority", "Reprioritise"),
    on!("relaxations", "Relax"),
    on!("overflows", "Overflow"),
    on!("takings", "TakeManually"),
    on!("acceptances", "AcceptOffer"),
    on!("rejections", "RejectOffer"),
    on!("rescissions", "RescindOffer"),
    on!("failures", "FailOffer"),
    on!("callbacks", "RequestCallback"),
    on!("cancellations", "Cancel"),
    on!("holds", "Hold"),
    on!("resumptions", "Resume"),
    on!("parkings", "Park"),
    on!("unparkings", "Unpark"),
    on!("consultations", "Consult"),
    on!("conferences", "Conference"),
    on!("consultation-ends", "EndConsult"),
    on!("transfers", "TransferCold"),
    on!("transfer-completions", "CompleteTransfer"),
    on!("transfer-failures", "FailTransfer"),
    on!("endings", "End"),
    on!("dispositions", "CompleteWrapUp"),
    on!("forced-requeues", "ForceRequeue"),
    on!("forced-closings", "ForceClose"),
    on!("merges", "Merge"),
    on!("reopenings", "Reopen"),
    on!("received-messages", "ReceiveMessage"),
    on!("messages", "SendMessage"),
    on!("sent-messages", "MarkSent"),
    on!("receipts", "RecordReceipt"),
    on!("message-retries", "RetryMessage"),
    on!("message-cancellations", "CancelMessage"),
    on!("seen-messages", "MarkSeen"),
];

/// What reactions tell of agents, and what timers fire.
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
