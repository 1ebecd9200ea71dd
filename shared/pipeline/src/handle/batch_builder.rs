//! The batch under construction: what deciding has produced since the last one left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use cqrs_es::DomainEvent;
use kernel::batch::{
    Batch, Cursor, DeadLetter, EventRow, NewStream, Outcome, OutcomeRow, ParkedCommand, Resolution,
    Timer, TimerChange,
};
use kernel::checksum::{EventParts, Row as _};
use kernel::code::{Code, platform};
use kernel::context::{Refused, TimerRequest};
use kernel::id::{AggregateId, CommandId, EventId};
use kernel::port::{Reply, ReplyTo};
use kernel::record::{self, EventMeta, EventRecord};
use kernel::topic::PartitionId;
use kernel::{Context, Rejection};

use super::cache::Cached;
use super::decode::Incoming;
use super::notices;
use super::refusal::Refusal;
use crate::crash;

/// Times a command may panic before it is parked.
pub(super) const PANICS_MAX: u32 = 3;

/// A panic: a defect of the context, not of the command's sender.
#[derive(Debug)]
pub(crate) enum Panicked {
    /// Every time it was tried. Nothing has changed.
    Deciding,
    /// The aggregate may be half changed, and the batch must be abandoned.
    Applying,
}

/// What forbids a command, or follows from it, while nothing has changed yet.
enum Decided<C: Context> {
    /// The sender expected another version.
    Unexpected(u64),
    By(Result<Vec<C::Event>, C::Error>),
}

/// # Errors
/// [`Panicked::Deciding`].
fn decide<C: Context>(
    incoming: &Incoming<C::Input>,
    cached: &Cached<C>,
    policy: &C::Services,
) -> Result<Decided<C>, Panicked> {
    if let Some(expected) = incoming.expected_version
        && expected != cached.version
    {
        return Ok(Decided::Unexpected(expected));
    }
    let attempt = || {
        crash::point("deciding");
        cached.state.decide(&incoming.accepted, policy)
    };
    let mut attempts = (0..PANICS_MAX).filter_map(|_| catch_unwind(AssertUnwindSafe(attempt)).ok());
    attempts.next().map(Decided::By).ok_or(Panicked::Deciding)
}

pub(crate) struct BatchBuilder {
    /// 1, 2, 3 … within one ownership of the partition.
    pub(crate) number: u64,
    pub(crate) batch: Batch,
    /// What became of commands whose callers wait, by the instance that waits.
    pub(crate) replies: Vec<(AggregateId, Reply)>,
    pub(crate) accepted: u64,
    pub(crate) repeated: u64,
    pub(crate) forwarded: u64,
    /// What reactions asked for in vain.
    pub(crate) refusals: Vec<Refusal>,
    /// Whether there is a topic that reports the outcomes of producers' records.
    pub(crate) gives_notice: bool,
    /// All records of the batch back to back, and where each ends: one allocation for all.
    records: Vec<u8>,
    ends: Vec<usize>,
}

/// A batch on its way to disk, and what to do when it is there.
pub(crate) struct Sealed {
    pub(crate) number: u64,
    pub(crate) batch: Arc<Batch>,
    pub(crate) replies: Vec<(AggregateId, Reply)>,
    pub(crate) accepted: u64,
    pub(crate) repeated: u64,
    pub(crate) forwarded: u64,
    pub(crate) refusals: Vec<Refusal>,
}

impl BatchBuilder {
    /// `bytes` is what the records will take, estimated from the batch before.
    pub(crate) fn new(
        partition_id: PartitionId,
        number: u64,
        from: Cursor,
        bytes: usize,
        gives_notice: bool,
    ) -> Self {
        Self {
            number,
            batch: Batch::new(partition_id, from),
            replies: Vec::new(),
            accepted: 0,
            repeated: 0,
            forwarded: 0,
            refusals: Vec::new(),
            gives_notice,
            records: Vec::with_capacity(bytes),
            ends: Vec::new(),
        }
    }

    /// Bytes of its records.
    pub(crate) fn bytes(&self) -> usize {
        self.records.len()
    }

    /// The batch, whole.
    pub(crate) fn seal(self) -> Sealed {
        let mut batch = self.batch;
        let records = Bytes::from(self.records);
        let mut start = 0;
        for (row, end) in batch.events.iter_mut().zip(self.ends) {
            row.record.value = records.slice(start..end);
            start = end;
        }
        Sealed {
            number: self.number,
            batch: Arc::new(batch),
            replies: self.replies,
            accepted: self.accepted,
            repeated: self.repeated,
            forwarded: self.forwarded,
            refusals: self.refusals,
        }
    }

    /// Commands and letters in it.
    pub(crate) fn len(&self) -> usize {
        self.batch.outcomes.len() + self.batch.dead_letters.len()
    }

    /// Whether there is anything to commit; a repeat moves the cursor and nothing else.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.to == self.batch.from
    }

    /// The record at that offset is dealt with.
    fn pass(&mut self, offset: i64) {
        self.batch.to.next_offset = offset + 1;
        self.batch.to.handled += 1;
    }

    /// Keeps a record as it came; a proven sender that waits gets the answer.
    pub(crate) fn park(&mut self, letter: DeadLetter, waiting: Option<&ReplyTo>) {
        self.pass(letter.offset);
        if let (Some(to), Some(command)) = (waiting, letter.command) {
            let key = letter.key.as_deref().unwrap_or_default();
            let parked = ParkedCommand {
                key: String::from_utf8_lossy(key).into(),
                reason: letter.reason.as_str().into(),
                detail: letter.detail.as_str().into(),
            };
            self.reply(to, command, Resolution::Parked(parked), false);
        }
        if self.gives_notice {
            let notice = notices::of_letter(self.batch.partition_id, &letter);
            self.batch.notices.push(notice);
        }
        self.batch.dead_letters.push(letter);
    }

    /// A command that was sent on to the partition it belongs to, and leaves no row here.
    pub(crate) fn forwarded(&mut self, offset: i64) {
        self.pass(offset);
        self.batch.to.repeats += 1;
        self.forwarded += 1;
    }

    /// A command whose id is known: its first answer again, or that the id was used for another.
    pub(crate) fn repeat<I>(&mut self, incoming: &Incoming<I>, first: &OutcomeRow) {
        self.pass(incoming.offset);
        self.batch.to.repeats += 1;
        self.repeated += 1;
        let same = first.body_hash == incoming.body_hash;
        let outcome = if same {
            first.outcome.clone()
        } else {
            reused(Arc::clone(&incoming.key))
        };
        self.settled(incoming, outcome, same);
    }

    /// Decides a command on its aggregate and adds all that follows from it.
    ///
    /// # Errors
    /// [`Panicked`].
    pub(crate) fn handle<C: Context>(
        &mut self,
        incoming: &Incoming<C::Input>,
        cached: &mut Cached<C>,
        policy: &C::Services,
    ) -> Result<(), Panicked> {
        let decided = decide(incoming, cached, policy)?;
        let taken = catch_unwind(AssertUnwindSafe(|| self.take(incoming, cached, decided)));
        let row = taken.map_err(|_| Panicked::Applying)?;
        self.pass(incoming.offset);
        if incoming.reply_to.is_some() || incoming.producer.is_some() {
            self.settled(incoming, row.outcome.clone(), false);
        }
        self.batch.outcomes.push(row);
        Ok(())
    }

    fn take<C: Context>(
        &mut self,
        incoming: &Incoming<C::Input>,
        cached: &mut Cached<C>,
        decided: Decided<C>,
    ) -> OutcomeRow {
        crash::point("applying");
        let outcome = match decided {
            Decided::Unexpected(expected) => {
                let version = cached.version;
                let detail = format!("expected version {expected}, found {version}");
                rejected(incoming, version, platform::VERSION_CONFLICT, &detail)
            }
            Decided::By(Ok(events)) => self.accept(incoming, cached, events),
            Decided::By(Err(rejection)) => self.refuse(incoming, cached, &rejection),
        };
        OutcomeRow {
            command: incoming.id,
            body_hash: incoming.body_hash,
            stream: cached.stream,
            outcome,
        }
    }

    /// A refusal ends the command; events record one that a reaction should not have met.
    fn refuse<C: Context>(
        &mut self,
        incoming: &Incoming<C::Input>,
        cached: &mut Cached<C>,
        rejection: &C::Error,
    ) -> Outcome {
        let (code, detail) = (rejection.code(), rejection.to_string());
        if let Some(reaction) = incoming.reaction()
            && let Refused::Noted(events) = cached.state.refused(&incoming.accepted, rejection)
        {
            self.refusals
                .push(Refusal::new(reaction, incoming, code, &detail));
            if !events.is_empty() {
                return self.accept(incoming, cached, events);
            }
        }
        rejected(incoming, cached.version, code, &detail)
    }

    fn accept<C: Context>(
        &mut self,
        incoming: &Incoming<C::Input>,
        cached: &mut Cached<C>,
        events: Vec<C::Event>,
    ) -> Outcome {
        if cached.version == 0 && !events.is_empty() {
            cached.stream = self.batch.to.next_stream;
            self.batch.to.next_stream += 1;
            let key = Arc::clone(&incoming.key);
            self.batch.streams.push(NewStream {
                stream: cached.stream,
                key,
            });
        }
        let first_log_position = self.batch.to.next_log_position;
        let count = events.len();
        let raised = events.iter().filter_map(C::raised);
        let breaks = raised.map(Box::from).collect();
        for (index, event) in events.into_iter().enumerate() {
            self.append(incoming, cached, index, event);
        }
        cached.changed_in = self.number;
        self.accepted += 1;
        Outcome::Accepted {
            key: Arc::clone(&incoming.key),
            version: cached.version,
            first_log_position,
            events: u32::try_from(count).unwrap_or(u32::MAX),
            breaks,
        }
    }

    fn append<C: Context>(
        &mut self,
        incoming: &Incoming<C::Input>,
        cached: &mut Cached<C>,
        index: usize,
        event: C::Event,
    ) {
        cached.version += 1;
        let log_position = self.batch.to.next_log_position;
        self.batch.to.next_log_position += 1;
        let meta = meta(incoming, cached.version, log_position, index, &event);
        let start = self.records.len();
        record::encode(&meta, &event, &mut self.records)
            .expect("an event is a struct of strings and numbers, which always serialise");
        self.ends.push(self.records.len());
        let parts = EventParts {
            log_position,
            key: &incoming.key,
            sequence: cached.version,
            record: &self.records[start..],
        };
        let checksum = parts.checksum(self.batch.partition_id);
        self.batch.chain(log_position, checksum);
        self.batch.events.push(EventRow {
            stream: cached.stream,
            sequence: cached.version,
            checksum: Some(checksum),
            record: EventRecord {
                log_position,
                key: Arc::clone(&incoming.key),
                value: Bytes::new(),
            },
        });
        cached.state.apply(event.clone());
        for request in cached.state.timers(&event) {
            self.batch
                .timers
                .push(timer::<C>(incoming, meta.id, request));
        }
    }

    /// Notifies the waiting caller and the readers of the topic of outcomes.
    fn settled<I>(&mut self, incoming: &Incoming<I>, outcome: Outcome, repeated: bool) {
        if let Some(producer) = &incoming.producer
            && self.gives_notice
            && notices::is_wanted(producer, &outcome)
        {
            let notice = notices::of_outcome(self.batch.partition_id, incoming, producer, &outcome);
            self.batch.notices.push(notice);
        }
        if let Some(to) = &incoming.reply_to {
            self.reply(to, incoming.id, Resolution::Handled(outcome), repeated);
        }
    }

    fn reply(&mut self, to: &ReplyTo, command: CommandId, resolution: Resolution, repeated: bool) {
        let reply = Reply {
            request: to.request,
            command,
            partition: self.batch.partition_id.partition,
            resolution,
            repeated,
        };
        self.replies.push((to.instance.clone(), reply));
    }
}

fn meta<I, E: DomainEvent>(
    incoming: &Incoming<I>,
    sequence: u64,
    log_position: u64,
    index: usize,
    event: &E,
) -> EventMeta {
    EventMeta {
        id: EventId::of(incoming.id, index),
        command: incoming.id,
        tenant: incoming.tenant.clone(),
        aggregate: incoming.accepted.id.clone(),
        sequence,
        at: incoming.accepted.at,
        actor: incoming.accepted.actor.clone(),
        correlation: incoming.correlation.clone(),
        causation: incoming.causation,
        v: event
            .event_version()
            .parse()
            .expect("every event's version is a number, as the schemas' test shows"),
        kind: Box::default(),
        log_position,
    }
}

fn timer<C: Context>(
    incoming: &Incoming<C::Input>,
    event: EventId,
    request: TimerRequest<C::Input>,
) -> TimerChange {
    let key = Arc::clone(&incoming.key);
    match request {
        TimerRequest::Cancel { name } => TimerChange::Cancel {
            key,
            name: Arc::from(&*name),
        },
        TimerRequest::Set { name, due, command } => TimerChange::Set(Timer {
            id: CommandId::of_timer(event, due, &name).0,
            key,
            name: Arc::from(&*name),
            due,
            command: serde_json::to_vec(&command)
                .expect("a command is a struct of strings and numbers, which always serialise")
                .into(),
        }),
    }
}

/// The answer to a command whose id belongs to another one.
pub(crate) fn reused(key: Arc<str>) -> Outcome {
    Outcome::Rejected {
        key,
        version: 0,
        code: platform::COMMAND_ID_REUSED.name.into(),
        http_status: platform::COMMAND_ID_REUSED.kind.status_and_retry().0,
        detail: "the idempotency key was used before for another request".into(),
    }
}

fn rejected<I>(incoming: &Incoming<I>, version: u64, code: Code, detail: &str) -> Outcome {
    Outcome::Rejected {
        key: Arc::clone(&incoming.key),
        version,
        code: code.name.into(),
        http_status: code.kind.status_and_retry().0,
        detail: detail.into(),
    }
}
