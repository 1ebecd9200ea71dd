//! What is read of a queue's settings.

use jiff::tz::TimeZone;
use kernel::{EventMeta, zone_named};
use serde::{Deserialize, Deserializer, Serialize};

use crate::day::name_of;

/// The events of the queues context as they are read here: what is not named is ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum QueueEvent {
    QueueConfigured(Configured),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Configured {
    settings: Settings,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Settings {
    #[serde(default)]
    zone: Option<Box<str>>,
}

/// A queue that was configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    sequence: u64,
    /// By whose clocks its days begin.
    #[serde(serialize_with = "name_of", deserialize_with = "zone_of")]
    pub(crate) zone: TimeZone,
}

impl QueueEvent {
    /// Whether an event of this name is one of them.
    pub(crate) fn wants(kind: &str) -> bool {
        kind == "QueueConfigured"
    }
}

fn zone_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(zone_named(&name).unwrap_or(TimeZone::UTC))
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            sequence: 0,
            zone: TimeZone::UTC,
        }
    }
}

impl Queue {
    pub(crate) fn fold(&mut self, meta: &EventMeta, event: QueueEvent) {
        if meta.sequence <= self.sequence {
            return;
        }
        self.sequence = meta.sequence;
        let QueueEvent::QueueConfigured(configured) = event;
        let named = configured.settings.zone.as_deref().and_then(zone_named);
        // A zone younger than the rules in this program is as good as none.
        self.zone = named.unwrap_or(TimeZone::UTC);
    }
}
