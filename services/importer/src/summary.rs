//! The outcomes of the rows.

use std::process::ExitCode;
use std::time::Duration;

use super::send::Verdict;

/// Exit code when every row was sent and some were not taken.
pub(super) const SOME_REJECTED: u8 = 1;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    imported: u64,
    repeated: u64,
    rejected: u64,
}

impl Summary {
    pub(super) fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Imported => self.imported += 1,
            Verdict::Repeated => self.repeated += 1,
            Verdict::Rejected(_) => self.rejected += 1,
        }
    }

    pub(super) fn rows(self) -> u64 {
        self.imported + self.repeated + self.rejected
    }

    /// The last line: `sending` until all rows were answered, `all` until the positions were right.
    pub(super) fn line(self, sending: Duration, all: Duration) -> String {
        format!(
            "{} rows: {} imported, {} already there, {} rejected; {:.1} s, {:.0} rows/s, positions {:.1} s later",
            self.rows(),
            self.imported,
            self.repeated,
            self.rejected,
            sending.as_secs_f64(),
            per_second(self.rows(), sending),
            (all.saturating_sub(sending)).as_secs_f64(),
        )
    }

    pub(super) fn exit_code(self) -> ExitCode {
        if self.rejected == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(SOME_REJECTED)
        }
    }
}

/// Names the ignored columns: a misspelt name is visible there.
pub(super) fn with_ignored(line: String, ignored: &str) -> String {
    if ignored.is_empty() {
        return line;
    }
    format!("{line}; columns ignored: {ignored}")
}

/// For the progress bar.
pub(super) fn rate(rows: u64, elapsed: Duration) -> String {
    format!("{rows} rows, {:.0}/s", per_second(rows, elapsed))
}

fn per_second(rows: u64, elapsed: Duration) -> f64 {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    f64::from(rows) / elapsed.as_secs_f64().max(f64::EPSILON)
}
