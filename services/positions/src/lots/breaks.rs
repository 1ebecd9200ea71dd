//! What a person should look at after a change of the past.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution::{ExecId, ExecRef, TradeId};
use super::refold::Step;
use super::timeline::Entry;

/// Breaks that one change of the past raises at most; the page of the first shows the rest.
const RAISED_MAX: usize = 16;
/// Open breaks of a position: what turns up beyond is not raised.
const OPEN_MAX: usize = 1_000;

/// A fill that a change of the past made into something else. It is open until the fill is again
/// what it was, is busted, or someone has settled it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Break {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub kind: BreakKind,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BreakKind {
    /// A correction or a bust made a fill that only reduced the position open one, such as a sell
    /// that became a short.
    SideTurned,
    /// The lots that a fill had chosen are no longer open as chosen; the oldest took their place.
    SelectionLost,
}

/// The breaks of a change, found while both pasts are folded side by side.
pub(super) struct Watch<'a> {
    open: &'a BTreeSet<Break>,
    /// Whether the change takes back what was reported. A report that merely comes late does not:
    /// what it turns would have been so from the start had it come in time.
    takes_back: bool,
    pub(super) raised: Vec<Break>,
    pub(super) closed: Vec<Break>,
}

impl BreakKind {
    const ALL: [Self; 2] = [Self::SideTurned, Self::SelectionLost];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SideTurned => "SIDE_TURNED",
            Self::SelectionLost => "SELECTION_LOST",
        }
    }

    fn found_in(self, step: &Step) -> bool {
        match self {
            Self::SideTurned => step.opens,
            Self::SelectionLost => !step.selection_heeded,
        }
    }
}

impl Break {
    fn of(name: ExecRef, kind: BreakKind) -> Self {
        Self {
            exec_id: name.exec_id,
            trade_id: name.trade_id,
            kind,
        }
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(open: &'a BTreeSet<Break>, takes_back: bool) -> Self {
        Self {
            open,
            takes_back,
            raised: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// An entry of both pasts, and what it was and is in them.
    pub(super) fn compare(&mut self, entry: &Entry, before: &Step, after: &Step) {
        let Some(execution) = entry.execution() else {
            return;
        };
        for kind in BreakKind::ALL {
            let (was, is) = (kind.found_in(before), kind.found_in(after));
            if was && is || !was && !is && self.open.is_empty() {
                continue;
            }
            let found = Break::of(execution.name(), kind);
            match is {
                true => self.raise(found),
                false => self.close(found),
            }
        }
    }

    /// An entry that is no more.
    pub(super) fn gone(&mut self, entry: &Entry) {
        let Some(execution) = entry.execution() else {
            return;
        };
        for kind in BreakKind::ALL {
            self.close(Break::of(execution.name(), kind));
        }
    }

    fn raise(&mut self, found: Break) {
        let wanted = self.takes_back || found.kind != BreakKind::SideTurned;
        let room = self.raised.len() < RAISED_MAX && self.open.len() + self.raised.len() < OPEN_MAX;
        if wanted && room && !self.open.contains(&found) {
            self.raised.push(found);
        }
    }

    fn close(&mut self, gone: Break) {
        if self.open.contains(&gone) {
            self.closed.push(gone);
        }
    }
}
