//! How a position is reached over HTTP. Its fills are changed at their trades alone.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const ADJUST: Permission = Permission::new("positions", "adjust");
const READ: Permission = Permission::new("positions", "read");

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/positions/{account}/{book}/{instrument}/splits",
        "ApplySplit",
        ADJUST,
        "announces a split, which applies on its day",
    ),
    CommandRoute::new(
        "/v1/positions/{account}/{book}/{instrument}:withdraw-split",
        "WithdrawSplit",
        ADJUST,
        "withdraws a split, before or after its day",
    ),
    CommandRoute::new(
        "/v1/positions/{account}/{book}/{instrument}:settle-break",
        "SettleBreak",
        ADJUST,
        "decides what becomes of a break",
    ),
    CommandRoute::new(
        "/v1/positions/{account}/{book}/{instrument}/lot-method",
        "ChangeLotMethod",
        ADJUST,
        "sets which lots a reduction takes first, for all executions",
    ),
    CommandRoute::new(
        "/v1/positions/{account}/{book}/{instrument}/settlements",
        "RecordSettlement",
        ADJUST,
        "records that a quantity was delivered",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/positions/{account}/{book}/{instrument}",
    list: "/v1/positions",
    allow: READ,
    summary: "quantity, lots, realised profit, fees, settlements and refused fills",
};
