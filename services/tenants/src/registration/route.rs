//! How a tenant's registration is reached over HTTP.

use kernel::Permission;
use kernel::access::TENANTS;
use kernel::route::{CommandRoute, ViewRoute};

const MANAGE: Permission = Permission::new(TENANTS, "manage");
const READ: Permission = Permission::new(TENANTS, "read");

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/tenants",
        "CreateTenant",
        MANAGE,
        "takes a tenant onto the roll",
    )
    .id_from_body(&["tenant_id"]),
    CommandRoute::new(
        "/v1/tenants/{tenant_id}:suspend",
        "SuspendTenant",
        MANAGE,
        "serves the tenant no longer; everything of it stays",
    ),
    CommandRoute::new(
        "/v1/tenants/{tenant_id}:resume",
        "ResumeTenant",
        MANAGE,
        "serves the tenant again",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/tenants/{tenant_id}",
    list: "/v1/tenants",
    allow: READ,
    summary: "title, whether it is served, and why not",
};
