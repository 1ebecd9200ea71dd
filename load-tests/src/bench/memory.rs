//! Peak memory of this process and of the servers beside it.

use std::fs;
use std::str::FromStr;

use super::drain::to_f64;
use super::report::Row;

/// The servers there are, and their rows.
const ROWS: [(&str, &str); 4] = [
    ("kafka", "rss_kafka"),
    ("registry", "rss_registry"),
    ("postgres", POSTGRES),
    ("redis", "rss_redis"),
];
const POSTGRES: &str = "rss_postgres";

/// A server and the most memory it was seen to have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    row: &'static str,
    pid: u32,
    peak_kib: u64,
}

impl FromStr for Server {
    type Err = String;

    /// `name=pid`
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, pid) = text.split_once('=').ok_or("not name=pid")?;
        let (_, row) = ROWS
            .into_iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("no server is called `{name}`"))?;
        let pid = pid.parse().map_err(|_| format!("`{pid}` is no pid"))?;
        Ok(Self {
            row,
            pid,
            peak_kib: 0,
        })
    }
}

impl Server {
    /// Looks once more. Postgres is many processes with one buffer, which the shared pages of each
    /// count in: of these every process has its share. The kernel keeps no peak of that, so it is the
    /// largest of the looks. What cannot be read counts as nothing.
    pub(super) fn look(&mut self) {
        let kib = if self.row == POSTGRES {
            let backends = children(self.pid).into_iter();
            let shares = backends.chain([self.pid]).filter_map(proportional_kib);
            shares.sum()
        } else {
            peak_kib(self.pid).unwrap_or_default()
        };
        self.peak_kib = self.peak_kib.max(kib);
    }

    /// `None` when nothing could be read.
    pub(super) fn row(&self) -> Option<Row> {
        (self.peak_kib > 0).then(|| row(self.row, self.peak_kib))
    }
}

/// The most memory this process ever had, as the kernel counts it.
pub(super) fn own() -> Row {
    row(
        "rss_dealerboard",
        peak_kib(std::process::id()).unwrap_or_default(),
    )
}

/// What this process has now.
pub(super) fn now_kib() -> u64 {
    field("/proc/self/status", "VmRSS:").unwrap_or_default()
}

fn row(name: &'static str, kib: u64) -> Row {
    Row::alone(name, to_f64(kib) / 1_024.0, "MiB")
}

fn peak_kib(pid: u32) -> Option<u64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

fn proportional_kib(pid: u32) -> Option<u64> {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of_parent = |pid: &u32| {
        let of = field(&format!("/proc/{pid}/status"), "PPid:");
        of == Some(u64::from(parent))
    };
    pids.filter(of_parent).collect()
}

/// The number behind a name in a file of the kernel's.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}
