//! How an agent is reached over HTTP. What only timers and reactions send has no route: a
//! conversation is held, resumed and ended at the conversation.

use kernel::Permission;
use kernel::route::{CommandRoute, ViewRoute};

const SELF: Permission = Permission::new("agents", "self");
const MANAGE: Permission = Permission::new("agents", "manage");
const READ: Permission = Permission::new("agents", "read");

macro_rules! on {
    ($rest:literal, $command:literal, $allow:expr, $summary:literal) => {
        CommandRoute::new(
            concat!("/v1/agents/{agent_id}", $rest),
            $command,
            $allow,
            $summary,
        )
    };
}

pub(crate) const COMMANDS: &[CommandRoute] = &[
    on!(
        "/sessions",
        "StartSession",
        SELF,
        "connects a device, or connects it again"
    ),
    on!(
        "/heartbeats",
        "Heartbeat",
        SELF,
        "keeps a session alive; send one every 20 s"
    ),
    on!(
        ":lose-link",
        "LoseLink",
        SELF,
        "reports that a session's connection was lost"
    ),
    on!(":end-session", "EndSession", SELF, "ends a session"),
    on!("/presence", "SetPresence", SELF, "sets the presence"),
    on!(
        "/reservations",
        "ReserveSlot",
        MANAGE,
        "reserves a slot for a conversation"
    ),
    on!(
        ":release-slot",
        "ReleaseSlot",
        MANAGE,
        "releases a reserved slot"
    ),
    on!(
        ":complete-wrap-up",
        "CompleteWrapUp",
        SELF,
        "ends the wrap-up of a conversation"
    ),
    on!(
        ":extend-wrap-up",
        "ExtendWrapUp",
        SELF,
        "adds time to a wrap-up"
    ),
    on!(
        "/capacity",
        "SetCapacity",
        MANAGE,
        "sets how many units of work each channel may have"
    ),
    on!(
        "/skills",
        "SetSkills",
        MANAGE,
        "sets the skills and their levels"
    ),
    on!("/queues", "SetQueues", MANAGE, "sets the queues served"),
    on!(
        ":add-queues",
        "AddQueues",
        MANAGE,
        "adds queues to those served"
    ),
    on!(
        ":remove-queues",
        "RemoveQueues",
        MANAGE,
        "removes queues from those served"
    ),
    on!(
        "/interruptions",
        "SetInterruptions",
        MANAGE,
        "sets which channels may be offered during work on another"
    ),
    on!(
        ":suspend-routing",
        "SuspendRouting",
        MANAGE,
        "stops routing to the agent"
    ),
];

pub(crate) const VIEW: ViewRoute = ViewRoute {
    path: "/v1/agents/{agent_id}/state",
    list: "/v1/agents",
    allow: READ,
    summary: "presence, link, slots, capacity, skills and the state drawn from them",
};
