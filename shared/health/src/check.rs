//! Questions to what a process depends on.

use std::time::Duration;

use futures::future::{BoxFuture, join_all};

/// Longest time one check may take.
const CHECK_WAIT: Duration = Duration::from_secs(1);

/// What a process does for others, each with a light of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Queries are answered.
    Reads,
    /// Commands are accepted, and a process handles them.
    Commands,
    /// This process's workers move.
    Workers,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Reads, Self::Commands, Self::Workers];

    pub fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Commands => "commands",
            Self::Workers => "workers",
        }
    }
}

/// What it means that a check does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A server is away: the parts that need it are not ready, and the process may still serve.
    Away,
    /// A fault that lasts until an operator mends it.
    Defect,
    /// Everything works, and something may be lost.
    Risk,
}

/// What a check found: the error is the text an operator reads.
pub type Finding = Result<(), String>;

/// A question to one dependency.
pub struct Check {
    pub name: &'static str,
    pub failing: Failing,
    /// What cannot be done while it does not hold.
    pub needed_by: &'static [Part],
    pub ask: Box<dyn Fn() -> BoxFuture<'static, Finding> + Send + Sync>,
}

/// Everything that is asked.
#[derive(Default)]
pub struct Checks {
    /// Quick ones, asked at every request for the health.
    pub quick: Vec<Check>,
    /// Slow ones, asked now and then.
    pub slow: Vec<Check>,
    /// The checks of which one must hold for anything to be read; none for what is in the process.
    pub read_from: &'static [&'static str],
}

/// A check and its finding.
pub struct Answered<'c> {
    pub check: &'c Check,
    pub finding: Finding,
}

impl Checks {
    /// Asks the quick ones, at once.
    pub async fn ask(&self) -> Vec<Answered<'_>> {
        let asked = self.quick.iter().map(|check| async move {
            let answer = tokio::time::timeout(CHECK_WAIT, (check.ask)()).await;
            let finding = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            Answered { check, finding }
        });
        join_all(asked).await
    }
}
