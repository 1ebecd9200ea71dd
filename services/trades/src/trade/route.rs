//! How a trade is reached over HTTP. What only reactions send has no route.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const BOOK: Permission = Permission::new("trades", "book");
const FILL: Permission = Permission::new("trades", "fill");
const CORRECT: Permission = Permission::new("trades", "correct");
const READ: Permission = Permission::new("trades", "read");

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/trades",
        "BookTrade",
        BOOK,
        "books a trade under an id of the caller's",
    )
    .id_from_body(&["trade_id"])
    .critical(),
    CommandRoute::new(
        "/v1/trades/{trade_id}/fills",
        "RecordFill",
        FILL,
        "records an execution as the market reports it (ExecType F)",
    )
    .critical(),
    CommandRoute::new(
        "/v1/trades/{trade_id}/cancellations",
        "CancelTrade",
        BOOK,
        "cancels what is not yet filled",
    ),
    CommandRoute::new(
        "/v1/trades/{trade_id}/amendments",
        "AmendTrade",
        BOOK,
        "replaces the terms: all of them while nothing is filled, then quantity and price",
    ),
    CommandRoute::new(
        "/v1/trades/{trade_id}/corrections",
        "CorrectFill",
        CORRECT,
        "corrects a fill (ExecType G); needs another person than recorded it",
    )
    .critical(),
    CommandRoute::new(
        "/v1/trades/{trade_id}/busts",
        "BustFill",
        CORRECT,
        "voids a fill (ExecType H); needs another person than recorded it",
    )
    .critical(),
    CommandRoute::new(
        "/v1/trades/{trade_id}:settle-break",
        "SettleBreak",
        CORRECT,
        "decides what becomes of a break",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/trades/{trade_id}",
    list: "/v1/trades",
    allow: READ,
    summary: "terms, fills, what is left and the open breaks",
};
