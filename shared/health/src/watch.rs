//! Looks now and then, and raises the alarm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use crate::health::Health;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(2);
/// How often the slow checks are asked, and how long one may take.
const SLOW_PERIOD: Duration = Duration::from_secs(30);
const SLOW_WAIT: Duration = Duration::from_secs(20);
/// Stalled workers, by what they do.
const STANDING: &str = "dealerboard_workers_standing";
/// Partitions whose commands no process handles.
const UNHANDLED: &str = "dealerboard_unhandled_partitions";
/// A worker that is stalled for less is hardly worth a line: it has logged the reason itself.
const REPORTED_AFTER: Duration = Duration::from_secs(5);

pub(crate) fn describe() {
    describe_gauge!(
        STANDING,
        Unit::Count,
        "Workers of this process that do not get on, by what they work at."
    );
    describe_gauge!(
        UNHANDLED,
        Unit::Count,
        "Partitions whose commands no process handles."
    );
}

/// Keeps looking until `stop`.
pub async fn watch(health: Arc<Health>, stop: CancellationToken) {
    let mut watch = Watch {
        slow_at: Instant::now(),
        reported: BTreeSet::new(),
        gauged: BTreeSet::new(),
        health,
    };
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch.look() => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

struct Watch {
    health: Arc<Health>,
    slow_at: Instant,
    /// Workers reported as stalled.
    reported: BTreeSet<String>,
    gauged: BTreeSet<&'static str>,
}

impl Watch {
    async fn look(&mut self) {
        self.workers();
        if self.health.callers {
            self.commands().await;
        }
        if self.slow_at <= Instant::now() {
            self.slow().await;
            self.slow_at = Instant::now() + SLOW_PERIOD;
        }
    }

    fn workers(&mut self) {
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut stand = BTreeSet::new();
        for seen in self.health.movement.seen() {
            let Some(stands) = seen.stands else { continue };
            *counts.entry(seen.work.name()).or_default() += 1;
            if stands.since < REPORTED_AFTER && !stands.stopped {
                continue;
            }
            let worker = format!("{} {}", seen.work.name(), seen.name);
            if !self.reported.contains(&worker) {
                error!(worker, why = stands.why, "worker is stalled");
            }
            stand.insert(worker);
        }
        for worker in self.reported.difference(&stand) {
            info!(worker, "worker moves again");
        }
        self.reported = stand;
        self.gauged.extend(counts.keys());
        for work in &self.gauged {
            let count = counts.get(work).copied().unwrap_or_default();
            gauge!(STANDING, "work" => *work).set(count);
        }
    }

    async fn commands(&self) {
        let backlog = &self.health.backlog;
        if let Err(fault) = backlog.look().await {
            debug!(
                error = &fault as &dyn std::error::Error,
                "it is not known whether commands are handled"
            );
        }
        let unhandled = backlog.sentences();
        gauge!(UNHANDLED).set(f64::from(
            u32::try_from(unhandled.len()).unwrap_or(u32::MAX),
        ));
        for why in unhandled {
            error!(why, "commands are not handled");
        }
    }

    async fn slow(&self) {
        for check in &self.health.checks.slow {
            let Ok(finding) = tokio::time::timeout(SLOW_WAIT, (check.ask)()).await else {
                continue;
            };
            if let Err(why) = &finding {
                error!(check = check.name, why, "check does not hold");
            }
            let mut slow = self
                .health
                .slow
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            slow.insert(check.name, finding);
        }
    }
}
