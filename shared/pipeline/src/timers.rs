//! The timers role: commands that are due are appended to the command log.
//!
//! A timer that fires twice is harmless: its id is the command's id.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::batch::Timer;
use kernel::id::{Actor, CommandId};
use kernel::port::{Clock, CommandLog, Due, NewRecord, Timers};
use kernel::{Fault, topic};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::accept::{Request, Sealer};
use crate::backoff::Backoff;
use crate::movement::{Movement, Work, Worker};
use crate::{command, metric};

/// How late a timer may fire when nothing is wrong.
const PERIOD: Duration = Duration::from_millis(50);
/// Timers fired at once.
const BATCH_MAX: usize = 1_000;
/// Damaged timers logged one by one; a store with more needs no further line.
const DAMAGED_MAX: usize = 1_000;

/// Fires the timers of some contexts.
pub struct TimerKeeper {
    contexts: Vec<&'static str>,
    timers: Arc<dyn Timers>,
    log: Arc<dyn CommandLog>,
    clock: Arc<dyn Clock>,
    sealer: Sealer,
    actor: Actor,
    worker: Worker,
}

impl TimerKeeper {
    /// Nothing fires yet.
    #[must_use]
    pub fn new(
        contexts: Vec<&'static str>,
        timers: Arc<dyn Timers>,
        log: Arc<dyn CommandLog>,
        clock: Arc<dyn Clock>,
        sealer: Sealer,
        movement: &Movement,
    ) -> Self {
        Self {
            contexts,
            timers,
            log,
            clock,
            sealer,
            actor: Actor::timer(),
            worker: movement.worker(Work::Timers, "all"),
        }
    }

    /// Fires what is due, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let (mut backoff, mut logged) = (Backoff::new(), HashSet::new());
        while !stop.is_cancelled() {
            self.worker.begins();
            let pause = match self.fire(&mut logged).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => PERIOD,
                Err(fault) => {
                    self.worker.stands(&fault);
                    warn!(
                        error = &fault as &dyn std::error::Error,
                        "timers cannot be fired, will try again"
                    );
                    backoff.wait().await;
                    self.worker.tries();
                    continue;
                }
            };
            self.worker.moves();
            backoff.reset();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One round over all contexts; true when there may be more at once.
    async fn fire(&self, logged: &mut HashSet<String>) -> Result<bool, Fault> {
        let mut more = false;
        for context in &self.contexts {
            let due = self
                .timers
                .due(context, self.clock.now(), BATCH_MAX)
                .await?;
            let full = due.len() == BATCH_MAX;
            let sound = sound(due, logged);
            if sound.is_empty() {
                continue;
            }
            more |= full;
            let records = sound
                .iter()
                .filter_map(|timer| self.record(context, timer))
                .collect::<Result<_, Fault>>()?;
            self.log.append(records).await?;
            let ids: Vec<_> = sound.iter().map(|timer| timer.id).collect();
            self.timers.fired(context, &ids).await?;
        }
        Ok(more)
    }

    fn record(&self, context: &'static str, timer: &Timer) -> Option<Result<NewRecord, Fault>> {
        let halves = command::split_bytes(&timer.command);
        let (Ok((kind, data)), Ok((tenant, aggregate))) = (halves, topic::split_key(&timer.key))
        else {
            error!(timer = %timer.id, "timer is not one of ours, dropped");
            return None;
        };
        let request = Request {
            context,
            tenant: &tenant,
            actor: &self.actor,
            identity: None,
            aggregate: &aggregate,
            id: Some(CommandId(timer.id)),
            kind: &kind,
            data: &data,
            expected_version: None,
            correlation: None,
            causation: None,
        };
        Some(self.sealer.seal(request, None).map(|(_, record)| record))
    }
}

/// Those that may be fired. A damaged one stays where it is, and is logged once.
fn sound(due: Vec<Due>, logged: &mut HashSet<String>) -> Vec<Timer> {
    let mut sound = Vec::with_capacity(due.len());
    for due in due {
        match due {
            Ok((_, timer)) => sound.push(timer),
            Err(damaged) => {
                if logged.len() < DAMAGED_MAX && logged.insert(damaged.row.clone()) {
                    metric::damaged("timer");
                    error!(
                        error = &damaged as &dyn std::error::Error,
                        "timer is not fired"
                    );
                }
            }
        }
    }
    sound
}
