//! What tests of several crates need alike.

pub mod indexed;
pub mod page;

use uuid::Uuid;

use crate::id::{Actor, CommandId, EventId};
use crate::record::EventMeta;
use crate::time::Timestamp;

/// The meta of the second event of an aggregate of tenant `demo`.
///
/// # Panics
/// The text is no aggregate id.
#[must_use]
pub fn meta(aggregate: &str) -> EventMeta {
    let command = CommandId(Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().expect("letters"),
        aggregate: aggregate.parse().expect("an aggregate id"),
        sequence: 2,
        at: Timestamp::from_millis(0),
        actor: Actor::router(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: 9,
    }
}
