//! The devices an agent works at, and whether they can be reached.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::{Channel, Device, SessionId};

/// Seconds a session may be without a sign of life, and a lost one may take to come back with
/// everything as it was. Genesys Cloud restores the old status within the same time.
pub const GRACE_S: u32 = 60;

/// Seconds for which a further heartbeat by command writes no event: less than the 20 s between two
/// of them, and enough that a retry writes nothing.
pub(crate) const HEARD_AGAIN_S: u32 = 15;

/// Sessions per agent: a desktop, a telephone, a mobile, and as many again that a reload left behind.
/// One more ends the oldest.
pub(crate) const SESSIONS_MAX: usize = 8;

/// One connection of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    pub device: Device,
    /// What the device can carry now.
    pub channels: BTreeSet<Channel>,
    /// Absent for a session that was opened before the event carried its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// The last sign of life that was worth an event; most heartbeats are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// Until when it may come back; absent while it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<Timestamp>,
}

impl Session {
    pub(crate) fn is_connected(&self) -> bool {
        self.grace_until.is_none()
    }
}

/// The best of an agent's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    Connected,
    /// None is connected; the last to be given up is so at `until`.
    Grace {
        until: Timestamp,
    },
    /// There is none.
    Lost,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The device signed off.
    Closed,
    /// No heartbeat came for the grace of 60 s.
    Silent,
    /// It was the oldest of too many.
    Displaced,
    /// The agent went offline.
    Offline,
}

/// Who gives way when there is one too many.
pub(crate) fn oldest(sessions: &BTreeMap<SessionId, Session>) -> Option<&SessionId> {
    let by_age = sessions.iter().min_by_key(|(_, session)| session.opened_at);
    by_age.map(|(id, _)| id)
}

pub(crate) fn link(sessions: &BTreeMap<SessionId, Session>) -> Link {
    if sessions.values().any(Session::is_connected) {
        return Link::Connected;
    }
    match sessions
        .values()
        .filter_map(|session| session.grace_until)
        .max()
    {
        Some(until) => Link::Grace { until },
        None => Link::Lost,
    }
}
