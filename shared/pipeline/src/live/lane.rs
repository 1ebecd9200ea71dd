//! The latest changes of a view in one partition.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

/// What a change takes beside key and bodies, bytes.
const OVERHEAD: usize = 160;

/// A value that an event has changed.
#[derive(Debug)]
pub(super) struct Change {
    /// `{tenant}/{aggregate_id}`.
    pub(super) key: Arc<str>,
    pub(super) log_position: u64,
    /// The value's bytes after the event; what a `GET` sends.
    pub(super) body: Bytes,
    /// The same before it; `None` for the first.
    pub(super) before: Option<Bytes>,
    /// Of both values.
    pub(super) facets: Box<[u64]>,
}

impl Change {
    pub(super) fn tenant(&self) -> &str {
        self.key
            .split_once('/')
            .map_or(&self.key, |(tenant, _)| tenant)
    }

    fn bytes(&self) -> usize {
        OVERHEAD + self.key.len() + self.body.len() + 8 * self.facets.len()
    }
}

/// Changes behind `start` up to `head`, as long as there is room for them.
#[derive(Debug, Default)]
pub(super) struct Lane {
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
    /// `None` before the view is followed.
    start: Option<u64>,
    head: u64,
}

/// What a lane has behind a place.
pub(super) enum Behind {
    /// The lane is not followed yet, or not that far.
    Ahead,
    /// It begins after the place, there.
    Gone(u64),
    /// These, up to there.
    Changes(Vec<Arc<Change>>, u64),
}

impl Lane {
    pub(super) fn begin(&mut self, at: u64) {
        *self = Self {
            start: Some(at),
            head: at,
            ..Self::default()
        };
    }

    pub(super) fn is_followed(&self) -> bool {
        self.start.is_some()
    }

    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Everything up to there has been told.
    pub(super) fn reach(&mut self, log_position: u64) {
        self.head = self.head.max(log_position);
    }

    /// Keeps the change, and as many before it as fit into so many bytes.
    pub(super) fn keep(&mut self, change: Arc<Change>, bytes_max: usize) {
        self.reach(change.log_position);
        self.bytes += change.bytes();
        self.changes.push_back(change);
        while self.bytes > bytes_max {
            let Some(oldest) = self.changes.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.start = Some(oldest.log_position);
        }
    }

    /// At most `max` changes are looked at; those that `wants` are given.
    pub(super) fn behind(&self, place: u64, max: usize, wants: impl Fn(&Change) -> bool) -> Behind {
        let Some(start) = self.start.filter(|_| place <= self.head) else {
            return Behind::Ahead;
        };
        if place < start {
            return Behind::Gone(start);
        }
        let first = self
            .changes
            .partition_point(|change| change.log_position <= place);
        let looked_at = self.changes.range(first..).take(max);
        let is_all = self.changes.len() - first <= max;
        let last = looked_at.clone().next_back();
        let reached = last
            .filter(|_| !is_all)
            .map_or(self.head, |last| last.log_position);
        let found = looked_at.filter(|change| wants(change)).map(Arc::clone);
        Behind::Changes(found.collect(), reached)
    }
}
