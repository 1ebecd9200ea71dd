//! How a queue is reached over HTTP. What only routers send has no route.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const CONFIGURE: Permission = Permission::new("queues", "configure");
const READ: Permission = Permission::new("queues", "read");

pub(crate) const COMMANDS: &[CommandRoute] = &[
    CommandRoute::new(
        "/v1/queues",
        "ConfigureQueue",
        CONFIGURE,
        "sets how a new queue is served; what is left out gets its default",
    )
    .id_from_body(&["queue_id"]),
    CommandRoute::new(
        "/v1/queues/{queue_id}/settings",
        "ConfigureQueue",
        CONFIGURE,
        "replaces all settings of a queue; what is left out gets its default",
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/queues/{queue_id}",
    list: "/v1/queues",
    allow: READ,
    summary: "settings, and since when no agent could be asked",
};
