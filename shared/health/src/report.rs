//! What a process tells of itself.

use std::time::Duration;

use kernel::code::platform;
use pipeline::{Seen, Stands};
use serde_json::{Map, Value, json};

use crate::check::{Answered, Part};

/// Workers listed one by one; with a dependency away all of them are stalled.
const NAMED_MAX: usize = 50;

/// Checks, parts, and stalled workers.
pub(crate) struct Report {
    checks: Map<String, Value>,
    parts: Vec<(Part, Vec<String>)>,
    stands: Vec<(String, Stands)>,
    workers: Vec<Seen>,
    /// Why the process should be sent nothing.
    pub(crate) unready: Option<String>,
}

impl Answered<'_> {
    /// What does not hold, in one line.
    pub(crate) fn why(&self) -> Option<String> {
        let found = self.finding.as_ref().err()?;
        Some(format!("{}: {found}", self.check.name))
    }
}

/// The stalled workers: how many, and the first.
pub(crate) fn standing(seen: &[Seen]) -> Option<String> {
    let mut stand = seen.iter().filter_map(|seen| {
        let stands = seen.stands.as_ref()?;
        Some(format!(
            "{} {}: {}",
            seen.work.name(),
            seen.name,
            stands.why
        ))
    });
    let first = stand.next()?;
    Some(match stand.count() {
        0 => first,
        more => format!("{first}; and {more} more"),
    })
}

impl Report {
    pub(crate) fn new(answers: &[Answered<'_>], seen: &[Seen]) -> Self {
        let checks = answers.iter().map(|answered| {
            let found = answered.finding.as_ref().err().map_or("ok", String::as_str);
            (answered.check.name.to_owned(), found.into())
        });
        let stands = seen.iter().filter_map(|seen| {
            let name = format!("{} {}", seen.work.name(), seen.name);
            Some((name, seen.stands.clone()?))
        });
        Self {
            checks: checks.collect(),
            parts: Vec::new(),
            stands: stands.collect(),
            workers: seen.to_vec(),
            unready: None,
        }
    }

    pub(crate) fn part(&mut self, part: Part, against: Vec<String>) {
        self.parts.push((part, against));
    }

    /// Whether the part is there and ready.
    pub(crate) fn holds(&self, part: Part) -> bool {
        let found = self.parts.iter().find(|(known, _)| *known == part);
        found.is_some_and(|(_, against)| against.is_empty())
    }

    /// Whether a worker has stopped, or is stalled for so long.
    pub(crate) fn stands_for(&self, long: Option<Duration>) -> bool {
        self.stands
            .iter()
            .any(|(_, stands)| stands.stopped || long.is_some_and(|long| stands.since >= long))
    }

    /// Everything; each worker if `verbose`.
    pub(crate) fn whole(&self, verbose: bool) -> Value {
        let parts = self.parts.iter().map(|(part, against)| {
            let value = json!({ "ready": against.is_empty(), "why": against });
            (part.name().to_owned(), value)
        });
        let parts: Map<_, _> = parts.collect();
        let stands = self.stands.iter().take(NAMED_MAX).map(|(name, stands)| {
            json!({
                "worker": name,
                "for_s": stands.since.as_secs(),
                "stopped": stands.stopped,
                "why": stands.why,
            })
        });
        let mut value = json!({
            "ready": self.unready.is_none(),
            "checks": self.checks,
            "parts": parts,
            "stands": stands.collect::<Vec<_>>(),
            "standing": self.stands.len(),
        });
        if verbose {
            let workers = self.workers.iter().map(|seen| {
                json!({
                    "worker": format!("{} {}", seen.work.name(), seen.name),
                    "moved_s_ago": seen.moved.as_secs(),
                })
            });
            value["workers"] = workers.collect();
        }
        value
    }

    /// One part by itself; none when the process has no such part.
    pub(crate) fn of(&self, name: &str) -> Option<(Value, bool)> {
        let (part, against) = self.parts.iter().find(|(part, _)| part.name() == name)?;
        let ready = against.is_empty();
        let value = json!({ "part": part.name(), "ready": ready, "why": against });
        Some((value, ready))
    }
}

/// A problem (RFC 9457 §3.2) with members of its own: any other refusal would be replaced by one
/// that does not name what is stalled.
pub(crate) fn problem(mut value: Value, detail: &str) -> Value {
    value["type"] = format!("/docs/errors/{}", platform::DEPENDENCY_UNAVAILABLE).into();
    value["title"] = "not ready".into();
    value["status"] = 503.into();
    value["code"] = platform::DEPENDENCY_UNAVAILABLE.name.into();
    value["detail"] = detail.into();
    value["retryable"] = true.into();
    value
}
