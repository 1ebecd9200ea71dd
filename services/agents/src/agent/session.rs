//! The devices an agent works at, and whether they can be reached.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::label::{Channel, Device, SessionId};

/// Seconds a lost session may take to come back with everything as it was. Genesys Cloud restores
/// the old status within the same time.
pub(crate) const GRACE_S: u32 = 60;

/// Sessions per agent: a desktop, a telephone, a mobile, and as many again that a reload left behind
/// in grace.
pub(crate) const SESSIONS_MAX: usize = 8;

/// One connection of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub device: Device,
    /// What the device can carry now.
    pub channels: BTreeSet<Channel>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
