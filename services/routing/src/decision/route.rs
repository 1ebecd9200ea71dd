//! How a decision is read over HTTP; decisions are recorded by the router only.

use kernel::Permission;
use kernel::route::ViewRoute;

const READ: Permission = Permission::new("queues", "read");

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/decisions/{decision_id}",
    list: "/v1/decisions",
    allow: READ,
    summary: "what a match was based on, and its outcome",
};
