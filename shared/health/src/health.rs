//! What is known of a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::{Movement, Query, Seen, ViewSlice};
use resilience::Dependency;
use tokio_util::sync::CancellationToken;

use crate::backlog::Backlog;
use crate::check::{Answered, Checks, Failing, Finding, Part};
use crate::report::{self, Report};
use crate::watch;

/// A worker that is stalled for so long while everything answers does not recover by itself.
const GETS_ON_WITHIN: Duration = Duration::from_secs(10);

/// Gives the recorder a unit and a sentence for every metric of this process.
pub fn describe_metrics() {
    pipeline::describe_metrics();
    resilience::describe_metrics();
    watch::describe();
}

/// A live projection that the process holds.
pub struct Projection {
    /// As `/readyz` names it.
    pub name: &'static str,
    /// How old it is; none before it caught up.
    pub age: Box<dyn Fn() -> Option<Duration> + Send + Sync>,
    /// Sets its gauges, when somebody looks.
    pub gauge: Box<dyn Fn() + Send + Sync>,
}

/// What is known of a process.
pub struct Health {
    /// Whether it answers queries and takes commands.
    pub callers: bool,
    pub checks: Arc<Checks>,
    /// Of dependencies; their gauges are read when somebody looks.
    pub guards: Vec<Arc<Dependency>>,
    pub movement: Movement,
    /// What it must have read before it serves.
    pub projections: Vec<Projection>,
    /// The views that callers are answered from.
    pub views: Option<(Query, Vec<ViewSlice>)>,
    pub backlog: Backlog,
    /// The last findings of the slow checks.
    pub slow: Mutex<BTreeMap<&'static str, Finding>>,
    pub stop: CancellationToken,
}

impl Health {
    /// As it is now.
    pub(crate) async fn report(&self) -> Report {
        let mut answers = self.checks.ask().await;
        answers.extend(self.slow());
        let seen = self.movement.seen();
        let mut report = Report::new(&answers, &seen);
        for part in self.parts() {
            report.part(*part, self.against(*part, &answers, &seen));
        }
        report.unready = self.unready(&report, &answers);
        report
    }

    /// What every check has found: the quick ones now, the slow ones when they were last asked.
    pub async fn findings(&self) -> Vec<(&'static str, Finding)> {
        let mut answers = self.checks.ask().await;
        answers.extend(self.slow());
        let findings = answers.into_iter();
        findings
            .map(|answered| (answered.check.name, answered.finding))
            .collect()
    }

    pub(crate) fn parts(&self) -> &'static [Part] {
        if self.callers {
            &Part::ALL
        } else {
            &[Part::Workers]
        }
    }

    /// Why nothing should be sent to this process; nothing when it serves.
    fn unready(&self, report: &Report, answers: &[Answered<'_>]) -> Option<String> {
        if self.stop.is_cancelled() {
            return Some("it is stopping".to_owned());
        }
        let defect = answers.iter().find(|answered| {
            answered.check.failing == Failing::Defect && answered.finding.is_err()
        });
        if let Some(defect) = defect {
            return Some(format!("{} does not hold", defect.check.name));
        }
        if let Some(reading) = self.still_read() {
            return Some(reading);
        }
        let all_answer = answers
            .iter()
            .all(|answered| answered.check.failing == Failing::Risk || answered.finding.is_ok());
        if report.stands_for(all_answer.then_some(GETS_ON_WITHIN)) {
            return Some("a worker is stalled".to_owned());
        }
        let holds = |part| report.holds(part);
        let serves = if self.callers {
            holds(Part::Reads) || holds(Part::Commands)
        } else {
            holds(Part::Workers)
        };
        (!serves).then(|| "no part of it is ready".to_owned())
    }

    /// The reasons why a part is not ready.
    fn against(&self, part: Part, answers: &[Answered<'_>], seen: &[Seen]) -> Vec<String> {
        let mut why: Vec<_> = answers
            .iter()
            .filter(|answered| answered.check.needed_by.contains(&part))
            .filter_map(|answered| answered.why())
            .collect();
        match part {
            Part::Reads => {
                why.extend(self.still_read());
                why.extend(self.nothing_to_read_from(answers));
            }
            Part::Commands => why.extend(self.backlog.sentences()),
            Part::Workers => why.extend(report::standing(seen)),
        }
        why
    }

    fn nothing_to_read_from(&self, answers: &[Answered<'_>]) -> Option<String> {
        let from = self.checks.read_from;
        let mut sources = answers
            .iter()
            .filter(|answered| from.contains(&answered.check.name));
        let none = !from.is_empty() && sources.all(|answered| answered.finding.is_err());
        none.then(|| format!("none of {} answers", from.join(", ")))
    }

    /// What is read into memory and has never been current since the start.
    fn still_read(&self) -> Option<String> {
        let projections = self.projections.iter();
        let unread = projections.filter(|projection| (projection.age)().is_none());
        let mut reading: Vec<_> = unread.map(|projection| projection.name).collect();
        if let Some((query, views)) = &self.views {
            let unread = views.iter().filter(|view| !query.has_read(view));
            reading.extend(unread.map(|view| view.id.name));
        }
        (!reading.is_empty()).then(|| format!("still being read: {}", reading.join(", ")))
    }

    fn slow(&self) -> Vec<Answered<'_>> {
        let findings = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.checks.slow.iter().filter_map(|check| {
            let finding = findings.get(check.name)?.clone();
            Some(Answered { check, finding })
        });
        asked.collect()
    }
}
