//! A queue: its settings, its agents and those who wait there.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;

use super::line::Lines;
use super::pool::Pool;
use crate::label::{AgentId, Channel};
use crate::settings::QueueSettings;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) version: u64,
    pub(crate) settings: QueueSettings,
    pub(crate) is_configured: bool,
    /// `QueueStarved` was its last report, not yet `QueueServed`.
    pub(crate) is_starved: bool,
    pub(crate) members: BTreeSet<AgentId>,
    /// One for each channel that a member is permitted or a conversation waits on, now or before.
    pub(crate) pools: BTreeMap<Channel, Pool>,
    pub(crate) lines: Lines,
    /// Conversations of the queue that an agent is asked for.
    pub(crate) offered: u32,
    /// Agent of the last match. The latest by time and id, so that it is the same in whatever order
    /// the agents' events come.
    pub(crate) last_match: Option<(Timestamp, AgentId)>,
}
