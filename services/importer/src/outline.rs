//! What a file would mean, without a word to the platform.

use std::collections::HashSet;
use std::process::ExitCode;

use kernel::Timestamp;

use super::layout::Layout;
use super::order::Orders;
use super::rejects::Rejects;
use super::source::Line;
use super::summary::{SOME_REJECTED, with_ignored};

/// The size of what would be sent.
pub(super) struct Outline {
    rows: u64,
    rejected: usize,
    orders: usize,
    accounts: usize,
    positions: usize,
    /// The first instant and the last.
    times: Option<(Timestamp, Timestamp)>,
}

impl Outline {
    pub(super) fn of(orders: &Orders) -> Self {
        let rows = orders.whole.iter().flat_map(|order| &order.rows);
        let times = rows.map(|(_, row)| row.fill.traded_at);
        let times = times.map(|at| (at, at));
        let positions: HashSet<_> = orders.whole.iter().map(|order| order.position()).collect();
        let accounts: HashSet<_> = positions.iter().map(|[account, ..]| account).collect();
        Self {
            rows: orders.rows(),
            rejected: orders.refused.len(),
            orders: orders.whole.len(),
            accounts: accounts.len(),
            positions: positions.len(),
            times: times.reduce(|(first, last), (at, _)| (first.min(at), last.max(at))),
        }
    }

    /// Prints it and writes the rejects; the exit code is that of an import of the same rows.
    pub(super) fn tell(
        self,
        refused: Vec<(Line, String)>,
        layout: &Layout,
        mut rejects: Rejects,
    ) -> anyhow::Result<ExitCode> {
        for (line, reason) in refused {
            rejects.write(&line, &reason)?;
        }
        let mut line = format!(
            "{} rows: {} orders in {} positions of {} accounts, {} rejected; nothing was sent",
            self.rows, self.orders, self.positions, self.accounts, self.rejected
        );
        if let Some((first, last)) = self.times {
            line.push_str(&format!("; from {first} to {last}"));
        }
        line.push_str(&format!("; columns: {}", layout.found().join(", ")));
        telemetry::terminal::print(&with_ignored(line, &layout.ignored().join(", ")));
        Ok(match self.rejected {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(SOME_REJECTED),
        })
    }
}
