//! What a check has found.

use std::error::Error;
use std::fmt;

use kernel::Fault;
use kernel::topic::PartitionId;

/// Findings of a kind kept word by word; all are counted.
const KEPT_MAX: usize = 100;

/// The rules that stored data can prove or break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Every row is what was written, and so is every event in its partition's chain.
    I0,
    /// Every accepted command has exactly one outcome.
    I1,
    /// Versions per aggregate are 1..n.
    I2,
    /// Positions per partition are 1..n.
    I3,
    /// The event topic, deduplicated by log position, equals the events table, in order.
    I4,
    /// A read model's value is the fold of the events, and so is a snapshot.
    I5,
    /// In = accepted + rejected + parked + repeated.
    I6,
    /// No effect is beyond the cursor.
    I8,
    /// A position is the fold of its trades.
    I9,
    /// The tenant of a row is the tenant of its command.
    I12,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Each names the records that contradict; the first hundred.
    pub violations: Vec<String>,
    /// All violations, those beyond the first hundred included.
    pub violated: u64,
    /// Each names the rules that could not be checked, where, and why; the first hundred.
    pub uncompared: Vec<String>,
    /// All of those, beyond the first hundred included.
    pub skipped: u64,
    /// What is worth knowing and breaks no rule.
    pub notes: Vec<String>,
    /// Commands looked at.
    pub commands: u64,
    /// Events looked at.
    pub events: u64,
    /// Streams looked at.
    pub streams: u64,
    /// Values of read models compared byte by byte.
    pub values: u64,
    /// Commands in the log that are not handled yet.
    pub waiting: u64,
    /// Snapshots compared with the fold of their streams.
    pub snapshots: u64,
    /// Rows older than checksums.
    pub unproven: u64,
}

impl Findings {
    /// A rule is broken at that place.
    pub fn violation(
        &mut self,
        invariant: Invariant,
        place: impl fmt::Display,
        detail: impl fmt::Display,
    ) {
        self.violated += 1;
        if self.violations.len() < KEPT_MAX {
            self.violations
                .push(format!("{invariant} {place}: {detail}"));
        }
    }

    /// Whether these rules hold there was not found out.
    pub fn uncompared(
        &mut self,
        rules: &[Invariant],
        place: impl fmt::Display,
        why: impl fmt::Display,
    ) {
        self.skipped += 1;
        if self.uncompared.len() < KEPT_MAX {
            let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
            let rules = rules.join(" ");
            self.uncompared
                .push(format!("{rules} {place}: not compared, {why}"));
        }
    }

    /// Keeps what is worth knowing; the first hundred.
    pub fn note(&mut self, note: String) {
        if self.notes.len() < KEPT_MAX {
            self.notes.push(note);
        }
    }

    /// Adds what another part of the check has found.
    pub fn add(&mut self, other: Self) {
        let room = |kept: &Vec<String>| KEPT_MAX.saturating_sub(kept.len());
        let violations = other.violations.into_iter();
        self.violations
            .extend(violations.take(room(&self.violations)));
        self.violated += other.violated;
        let uncompared = other.uncompared.into_iter();
        self.uncompared
            .extend(uncompared.take(room(&self.uncompared)));
        self.skipped += other.skipped;
        for note in other.notes {
            self.note(note);
        }
        self.waiting += other.waiting;
        self.commands += other.commands;
        self.events += other.events;
        self.streams += other.streams;
        self.values += other.values;
        self.snapshots += other.snapshots;
        self.unproven += other.unproven;
    }
}

/// A fault with its causes, in one line.
pub(super) fn in_full(fault: &Fault) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A command id, key or log position as a finding quotes it.
pub(super) fn quoted(bytes: Option<&bytes::Bytes>) -> String {
    String::from_utf8_lossy(bytes.map_or(&[][..], |bytes| bytes)).into_owned()
}

/// A place within a partition.
pub(super) fn at(partition_id: PartitionId, offset: i64) -> String {
    format!("{partition_id}/{offset}")
}
