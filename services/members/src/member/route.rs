//! How a member is reached over HTTP.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const MANAGE: Permission = Permission::new("members", "manage");
const READ: Permission = Permission::new("members", "read");

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/members/{member_id}:grant-roles",
        "GrantRoles",
        MANAGE,
        "adds roles to those of the member's tokens",
    ),
    CommandRoute::new(
        "/v1/members/{member_id}:withdraw-roles",
        "WithdrawRoles",
        MANAGE,
        "takes back roles that were granted",
    ),
    CommandRoute::new(
        "/v1/members/{member_id}/limits",
        "SetLimits",
        MANAGE,
        "sets the books, accounts and ceiling that the member is limited to",
    ),
    CommandRoute::new(
        "/v1/members/{member_id}:revoke-tokens",
        "RevokeTokens",
        MANAGE,
        "refuses tokens of the member that were issued before",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/members/{member_id}",
    list: "/v1/members",
    allow: READ,
    summary: "roles and limits beside those of the token, and since when tokens count",
};
