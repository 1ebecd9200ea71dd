//! How an operation is reached over HTTP.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const ACT: Permission = Permission::new("operations", "act");
const READ: Permission = Permission::new("operations", "read");

/// Last names of paths that stand beside those of operations: an operation of such an id could not be
/// read.
pub(super) const READINGS: &[&str] = &["dead-letters", "dependencies", "partitions", "projections"];

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/operations/{operation_id}:propose",
        "ProposeOperation",
        ACT,
        "proposes to redrive or discard dead letters, or does it where no second person is needed",
    ),
    CommandRoute::new(
        "/v1/operations/{operation_id}:confirm",
        "ConfirmOperation",
        ACT,
        "agrees, as a second person, to what was proposed",
    ),
    CommandRoute::new(
        "/v1/operations/{operation_id}:withdraw",
        "WithdrawOperation",
        ACT,
        "takes a proposal back, or ends an operation after the step that is under way",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/operations/{operation_id}",
    list: "/v1/operations",
    allow: READ,
    summary: "what was proposed, by whom, who agreed, and what has become of the letters",
};
