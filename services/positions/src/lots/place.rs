//! The order in which executions are folded.

use kernel::Timestamp;

use super::execution::{ExecId, Execution};
use super::lot::{Lot, Match};
use super::restated::LotName;

/// An execution's place among those of its position: by time, then by its source's number, then by
/// its report. Executions without a source's number come before those with one.
///
/// The text of an id does not depend on time. It decides only between executions that were recorded
/// before reports were numbered, as it did then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place<Id = ExecId> {
    pub(super) traded_at: Timestamp,
    source_sequence: Option<u64>,
    report_number: Option<u64>,
    pub(super) exec_id: Id,
}

impl Place {
    pub(crate) fn borrowed(&self) -> Place<&ExecId> {
        Place {
            traded_at: self.traded_at,
            source_sequence: self.source_sequence,
            report_number: self.report_number,
            exec_id: &self.exec_id,
        }
    }
}

impl Place<&ExecId> {
    pub(crate) fn owned(self) -> Place {
        Place {
            traded_at: self.traded_at,
            source_sequence: self.source_sequence,
            report_number: self.report_number,
            exec_id: self.exec_id.clone(),
        }
    }
}

/// Both are of the same execution, or of what it opened.
macro_rules! placed {
    ($($kind:ty),*) => {$(
        impl $kind {
            pub(crate) fn place(&self) -> Place<&ExecId> {
                Place {
                    traded_at: self.traded_at,
                    source_sequence: self.source_sequence,
                    report_number: self.report_number,
                    exec_id: &self.exec_id,
                }
            }
        }
    )*};
}

placed!(Execution, Lot, Match, LotName);
