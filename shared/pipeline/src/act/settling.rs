//! What becomes of a call that has ended: its command goes to the log, or it is parked.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kernel::effect::{Answer, Call};
use kernel::port::{CallState, NewRecord, ParkedCall};
use kernel::{Context, Effect, Fault};
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::calling::GivenUp;
use super::partition::{Job, Means, Partition};
use crate::accept::Request;
use crate::backoff::Backoff;
use crate::{command, crash, metric};

/// A call that is not under way any more.
pub(super) struct Ended {
    pub(super) job: Job,
    pub(super) made: Result<Answer, GivenUp>,
}

/// Why an answer is no command.
enum NoCommand {
    /// A dependency; it will be one later.
    Fault(Fault),
    GivenUp(GivenUp),
}

impl<E: Effect> Partition<E> {
    /// Settles what has ended by now.
    ///
    /// # Errors
    /// It was stopped before all was durable, or a task panicked; what is not settled is made again.
    pub(super) async fn settle(
        &mut self,
        first: Result<Ended, JoinError>,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let (mut commands, mut answered, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(ended) = next {
            let Ended { job, made } =
                ended.map_err(|failed| Fault::new("effect", "make a call", failed))?;
            let command = match (made, &job.call) {
                (Ok(answer), Some(call)) => self.means.command(&job, call, &answer, stop).await?,
                (Ok(_), None) => Err(GivenUp::panicked("there was no call")),
                (Err(why), _) => Err(why),
            };
            match command {
                Ok(command) => {
                    commands.push(command);
                    answered.push(job);
                }
                Err(why) => given_up.push((job, why)),
            }
            next = self.line.running.try_join_next();
        }
        self.means.append(commands, stop).await?;
        for job in answered {
            self.answered(&job, stop).await?;
        }
        for (job, why) in given_up {
            self.gives_up(job, why, stop).await?;
        }
        self.line.move_at = Instant::now();
        self.means.worker.moves();
        Ok(())
    }

    /// Its command is in the log.
    async fn answered(&mut self, job: &Job, stop: &CancellationToken) -> Result<(), Fault> {
        if job.parked.is_some() {
            let (waits, done) = (CallState::Waiting, CallState::Done);
            let parked = Arc::clone(&self.means.ports.parked);
            let mark = || parked.mark(self.means.at, job.place, waits, done, None);
            self.means.persist(mark, stop).await?;
            self.line.look_at = Instant::now();
        } else {
            self.line.window.settles(job.place.log_position);
        }
        self.line.lanes.leave(&job.key);
        Ok(())
    }

    /// It is parked, and what waits of its key behind it.
    async fn gives_up(
        &mut self,
        job: Job,
        why: GivenUp,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        metric::parked_call(E::NAME, why.reason.as_str());
        error!(
            effect = E::NAME,
            partition_id = %self.means.at.partition_id,
            place = %job.place,
            key = &*job.key,
            reason = why.reason.as_str(),
            detail = why.detail,
            "a call outside is parked"
        );
        let (key, is_new) = (Arc::clone(&job.key), job.parked.is_none());
        let mut settled = Vec::from_iter(is_new.then_some(job.place.log_position));
        let mut rows = vec![self.means.row(job, why, CallState::Parked)];
        for job in self.line.lanes.close(&key) {
            settled.push(job.place.log_position);
            rows.push(self.means.behind(job));
        }
        self.line.held.insert(key);
        self.means.park(rows, stop).await?;
        for log_position in settled {
            self.line.window.settles(log_position);
        }
        Ok(())
    }
}

impl<E: Effect> Means<E> {
    async fn append(
        &self,
        commands: Vec<NewRecord>,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        if commands.is_empty() {
            return Ok(());
        }
        crash::point("answered-not-appended");
        let append = || self.ports.command_log.append(commands.clone());
        self.persist(append, stop).await?;
        crash::point("appended-not-settled");
        Ok(())
    }

    pub(super) async fn park(
        &self,
        rows: Vec<ParkedCall>,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        crash::point("before-park");
        let park = || self.ports.parked.park(self.at, &rows);
        self.persist(park, stop).await?;
        crash::point("parked-not-settled");
        Ok(())
    }

    /// Tries until it is done: the answer of a call is not thrown away because a dependency of ours is
    /// away.
    ///
    /// # Errors
    /// It failed, and the partition is to stop.
    pub(super) async fn persist<T, F>(
        &self,
        work: impl Fn() -> F,
        stop: &CancellationToken,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut backoff = Backoff::new();
        loop {
            match work().await {
                Ok(done) => return Ok(done),
                Err(fault) if stop.is_cancelled() => return Err(fault),
                Err(fault) => self.stands(&fault, "what became of a call is not kept yet"),
            }
            backoff.wait_unless(stop).await;
        }
    }

    /// The command that an answer becomes.
    ///
    /// # Errors
    /// As [`Self::persist`].
    async fn command(
        &self,
        job: &Job,
        call: &Call,
        answer: &Answer,
        stop: &CancellationToken,
    ) -> Result<Result<NewRecord, GivenUp>, Fault> {
        let sealed = || {
            ready(match self.sealed(job, call, answer) {
                Ok(record) => Ok(Ok(record)),
                Err(NoCommand::GivenUp(why)) => Ok(Err(why)),
                Err(NoCommand::Fault(fault)) => Err(fault),
            })
        };
        self.persist(sealed, stop).await
    }

    fn sealed(&self, job: &Job, call: &Call, answer: &Answer) -> Result<NewRecord, NoCommand> {
        let defect = |detail: String| NoCommand::GivenUp(GivenUp::panicked(detail));
        let outcome = || self.effect.outcome(&job.meta, call, answer);
        let reacted = catch_unwind(AssertUnwindSafe(outcome));
        let reacted =
            reacted.map_err(|_| defect("no command could be made of the answer".into()))?;
        let (kind, data) =
            command::split(&reacted.command).map_err(|error| defect(error.to_string()))?;
        let request = Request {
            context: <E::To as Context>::NAME,
            tenant: &reacted.tenant,
            actor: &self.actor,
            identity: None,
            aggregate: &reacted.to,
            id: Some(job.id.0),
            kind: &kind,
            data: &data,
            expected_version: None,
            correlation: job.meta.correlation.clone(),
            causation: Some(job.meta.id.0),
        };
        let sealed = self.ports.sealer.seal(request, None);
        sealed.map(|(_, record)| record).map_err(NoCommand::Fault)
    }
}
