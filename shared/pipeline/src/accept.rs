//! Accept: a command whose sender is known goes to the command log; then it is durable, and its id
//! is what everybody asks about.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kernel::envelope::CommandEnvelope;
use kernel::id::{Actor, AggregateId, CommandId, Tenant};
use kernel::port::{
    Authority, Clock, CommandLog, Framing, Ids, NewRecord, Replies, Reply, SIGNATURE,
};
use kernel::{Fault, Timestamp, topic};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::backoff::Backoff;

/// A command as its sender gives it; who sent it is proven already.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub context: &'static str,
    pub tenant: &'a Tenant,
    pub actor: &'a Actor,
    pub aggregate: &'a AggregateId,
    /// `None` draws a fresh, time-ordered id.
    pub id: Option<CommandId>,
    /// Name of the command, such as `RecordFill`.
    pub kind: &'a str,
    pub data: &'a RawValue,
    pub expected_version: Option<u64>,
    pub correlation: Option<AggregateId>,
    pub causation: Option<Uuid>,
}

/// Builds and signs the platform's own command records.
#[derive(Clone)]
pub struct Sealer {
    pub authority: Arc<dyn Authority>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// Puts a schema's number before each command. The signature covers it: what proves the sender
    /// is looked at before anything else in the value is.
    pub framing: Option<Arc<dyn Framing>>,
}

impl Sealer {
    /// The record of a command, accepted now; and the command's id.
    ///
    /// # Errors
    /// The number of its schema is not known.
    pub fn seal(
        &self,
        request: Request<'_>,
        reply_to: Option<&AggregateId>,
    ) -> Result<(CommandId, NewRecord), Fault> {
        self.seal_at(request, reply_to, self.clock.now())
    }

    /// The record of a command whose time is given: a reaction takes its event's, so that running
    /// it again gives the same bytes.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_at(
        &self,
        request: Request<'_>,
        reply_to: Option<&AggregateId>,
        at: Timestamp,
    ) -> Result<(CommandId, NewRecord), Fault> {
        let id = request.id.unwrap_or_else(|| CommandId(self.ids.ordered()));
        let envelope = CommandEnvelope {
            id,
            kind: Cow::Borrowed(request.kind),
            tenant: Some(request.tenant.clone()),
            actor: Some(request.actor.clone()),
            at: Some(at),
            correlation: request.correlation,
            causation: request.causation,
            expected_version: request.expected_version,
            reply_to: reply_to.cloned(),
            data: request.data,
        };
        let mut value = match &self.framing {
            None => Vec::new(),
            Some(framing) => framing.command(request.context, request.kind)?.to_vec(),
        };
        serde_json::to_writer(&mut value, &envelope)
            .expect("an envelope is a struct of strings and raw JSON, which always serialises");
        let key = topic::key(request.tenant, request.aggregate);
        Ok((id, self.sign(request.context, key, value.into())))
    }

    /// A record of ours around bytes that are a value already.
    #[must_use]
    pub fn sign(&self, context: &'static str, key: Arc<str>, value: Bytes) -> NewRecord {
        let signature = self.authority.sign(context, key.as_bytes(), &value);
        NewRecord {
            context,
            key,
            value,
            headers: vec![(SIGNATURE.to_owned(), signature)],
        }
    }
}

/// The gateway's way in.
#[derive(Clone)]
pub struct Acceptor {
    log: Arc<dyn CommandLog>,
    sealer: Sealer,
    /// This process, as replies are addressed.
    instance: AggregateId,
    waiters: Waiters,
}

impl Acceptor {
    #[must_use]
    pub fn new(log: Arc<dyn CommandLog>, sealer: Sealer, instance: AggregateId) -> Self {
        Self {
            log,
            sealer,
            instance,
            waiters: Waiters::default(),
        }
    }

    /// Appends the command; when this returns it is durable.
    ///
    /// # Errors
    /// The log did not take it, as far as is known; sending it again under the same id is safe.
    pub async fn accept(&self, request: Request<'_>) -> Result<CommandId, Fault> {
        let (id, record) = self.sealer.seal(request, None)?;
        self.log.append(vec![record]).await?;
        Ok(id)
    }

    /// Appends the command and asks for its outcome.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub async fn accept_and_wait(&self, request: Request<'_>) -> Result<Waiting, Fault> {
        let (command, record) = self.sealer.seal(request, Some(&self.instance))?;
        // Registered first: the reply may be back before the append returns.
        let waiting = self.waiters.register(command);
        self.log.append(vec![record]).await?;
        Ok(waiting)
    }

    /// Appends commands in order, in one go, and asks for the outcome of the last.
    ///
    /// # Errors
    /// As [`Self::accept`]; some of them may be in the log.
    pub async fn accept_all_and_wait(
        &self,
        first: &[Request<'_>],
        last: Request<'_>,
    ) -> Result<Waiting, Fault> {
        let mut records = self.seal_all(first)?;
        let (command, record) = self.sealer.seal(last, Some(&self.instance))?;
        records.push(record);
        let waiting = self.waiters.register(command);
        self.log.append(records).await?;
        Ok(waiting)
    }

    /// Appends commands in order, in one go; when this returns they are durable.
    ///
    /// # Errors
    /// As [`Self::accept_all_and_wait`].
    pub async fn accept_all(&self, requests: &[Request<'_>]) -> Result<(), Fault> {
        let records = self.seal_all(requests)?;
        self.log.append(records).await.map(drop)
    }

    fn seal_all(&self, requests: &[Request<'_>]) -> Result<Vec<NewRecord>, Fault> {
        let sealed = requests
            .iter()
            .map(|request| self.sealer.seal(request.clone(), None));
        sealed
            .map(|sealed| sealed.map(|(_, record)| record))
            .collect()
    }

    /// Hands incoming replies to those who wait, until `stop`.
    pub async fn listen(&self, replies: Arc<dyn Replies>, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                fault = self.subscription(replies.as_ref()) => {
                    warn!(error = &fault as &dyn std::error::Error, "reply subscription ended, will subscribe again");
                }
            }
            backoff.wait().await;
        }
    }

    async fn subscription(&self, replies: &dyn Replies) -> Fault {
        let mut stream = match replies.subscribe(self.instance.as_str()).await {
            Ok(stream) => stream,
            Err(fault) => return fault,
        };
        loop {
            match stream.next().await {
                Ok(reply) => self.waiters.tell(reply),
                Err(fault) => return fault,
            }
        }
    }
}

/// Those who wait for an outcome; as many as there are open requests.
#[derive(Clone, Default)]
struct Waiters(Arc<Mutex<HashMap<CommandId, Vec<oneshot::Sender<Reply>>>>>);

/// A wait for one outcome; dropping it gives up.
#[derive(Debug)]
pub struct Waiting {
    pub command: CommandId,
    reply: oneshot::Receiver<Reply>,
}

impl Waiting {
    /// `None` when no reply will come any more.
    pub async fn outcome(self) -> Option<Reply> {
        self.reply.await.ok()
    }
}

impl Waiters {
    fn register(&self, command: CommandId) -> Waiting {
        let (sender, reply) = oneshot::channel();
        let mut waiting = self.lock();
        let senders = waiting.entry(command).or_default();
        senders.retain(|sender| !sender.is_closed());
        senders.push(sender);
        // Waits that were given up are swept out when the map has doubled since it was last small.
        if waiting.len() >= SWEEP_FROM && waiting.len().is_power_of_two() {
            waiting.retain(|_, senders| senders.iter().any(|sender| !sender.is_closed()));
        }
        Waiting { command, reply }
    }

    fn tell(&self, reply: Reply) {
        for sender in self.lock().remove(&reply.command).unwrap_or_default() {
            // Whoever gave up meanwhile no longer wants it.
            drop(sender.send(reply.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CommandId, Vec<oneshot::Sender<Reply>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries below which abandoned waits are not worth a sweep.
const SWEEP_FROM: usize = 1_024;
