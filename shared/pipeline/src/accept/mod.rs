//! Accept: a command with a known sender goes to the command log; then it is durable, and its id
//! is what every later question refers to.

mod gate;
mod inbox;
mod outgoing;
mod seal;
mod waiting;

use std::sync::Arc;

use futures::FutureExt as _;
use kernel::Fault;
use kernel::id::{Actor, AggregateId, CommandId, Identity, Tenant};
use kernel::port::{CommandLog, NewRecord, Replies, RequestDigest};
use kernel::topic::{self, PartitionId};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3;

use crate::backoff::Backoff;
use gate::Gate;
use waiting::Waiters;

pub use inbox::Inbox;
pub use outgoing::OutgoingCommand;
pub use seal::Sealer;
pub use waiting::Waiting;

/// A command as its sender gives it; the sender is proven already.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Whose command topic.
    pub context: &'static str,
    /// Whose aggregate.
    pub tenant: &'a Tenant,
    /// Who sends it.
    pub actor: &'a Actor,
    /// Who that is, where the context asks.
    pub identity: Option<Identity>,
    /// The aggregate it is for.
    pub aggregate: &'a AggregateId,
    /// `None` draws a fresh, time-ordered id.
    pub id: Option<CommandId>,
    /// Name of the command, such as `RecordFill`.
    pub kind: &'a str,
    /// As the context writes it: two senders that mean the same have the same bytes.
    pub data: &'a RawValue,
    /// The version that the aggregate must be at; `None`: any.
    pub expected_version: Option<u64>,
    /// The subject of the whole chain, such as a conversation.
    pub correlation: Option<AggregateId>,
    /// The event or command that caused it.
    pub causation: Option<Uuid>,
}

impl Request<'_> {
    /// What distinguishes this request from others under the same key of the tenant.
    #[must_use]
    pub fn digest(&self) -> RequestDigest {
        let mut hash = Xxh3::new();
        hash.update(self.context.as_bytes());
        hash.update(&[0]);
        self.hash(&mut hash);
        RequestDigest(hash.digest128())
    }

    /// As [`body_hash`], which the inbox keeps.
    #[must_use]
    pub fn body_hash(&self) -> i64 {
        let mut hash = Xxh3::new();
        self.hash(&mut hash);
        hash.digest().cast_signed()
    }

    fn hash(&self, hash: &mut Xxh3) {
        let key = topic::key(self.tenant, self.aggregate);
        hash_body(
            hash,
            &key,
            self.kind,
            self.data.get(),
            self.expected_version,
        );
    }
}

/// Hash of a command's content and aggregate: the same for a retry, whatever its envelope holds.
pub(crate) fn body_hash(key: &str, kind: &str, data: &str, expected_version: Option<u64>) -> i64 {
    let mut hash = Xxh3::new();
    hash_body(&mut hash, key, kind, data, expected_version);
    hash.digest().cast_signed()
}

/// No key and no name has a zero byte, so none can reach into the next part.
fn hash_body(hash: &mut Xxh3, key: &str, kind: &str, data: &str, expected_version: Option<u64>) {
    for text in [key, kind] {
        hash.update(text.as_bytes());
        hash.update(&[0]);
    }
    hash.update(&[u8::from(expected_version.is_some())]);
    if let Some(version) = expected_version {
        hash.update(&version.to_be_bytes());
    }
    hash.update(data.as_bytes());
}

/// The gateway's way in.
#[derive(Clone)]
pub struct Acceptor {
    log: Arc<dyn CommandLog>,
    sealer: Sealer,
    partitions: u16,
    gate: Gate,
    /// Appends whose callers were answered before the log was.
    late: TaskTracker,
    waiters: Waiters,
}

impl Acceptor {
    /// `instance` is this process, as replies are addressed; there are so many partitions per context.
    #[must_use]
    pub fn new(
        log: Arc<dyn CommandLog>,
        sealer: Sealer,
        instance: AggregateId,
        partitions: u16,
    ) -> Self {
        Self {
            log,
            sealer,
            partitions,
            gate: Gate::new(),
            late: TaskTracker::new(),
            waiters: Waiters::new(instance),
        }
    }

    /// Appends the command; when this returns it is durable.
    ///
    /// # Errors
    /// The log did not take it, as far as is known; sending it again under the same id is safe.
    pub async fn accept(&self, request: Request<'_>) -> Result<CommandId, Fault> {
        let (id, record) = self.sealer.seal(request, None)?;
        self.append(vec![record]).await?;
        Ok(id)
    }

    /// Appends the command and asks for its outcome.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub async fn accept_and_wait(&self, request: Request<'_>) -> Result<Waiting, Fault> {
        let (waiting, record) = self.seal_and_wait(request)?;
        self.append(vec![record]).await?;
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
        let (waiting, record) = self.seal_and_wait(last)?;
        records.push(record);
        self.append(records).await?;
        Ok(waiting)
    }

    /// Appends commands in order, in one go; when this returns they are durable.
    ///
    /// # Errors
    /// As [`Self::accept_all_and_wait`].
    pub async fn accept_all(&self, requests: &[Request<'_>]) -> Result<(), Fault> {
        let records = self.seal_all(requests)?;
        self.append(records).await
    }

    /// Answers within a second, whatever the log does.
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), Fault> {
        let failed = |error| Fault::new("log", "append a command", error);
        let partition_ids: Vec<_> = records
            .iter()
            .map(|record| self.partition_id(record))
            .collect();
        let entered = self.gate.enter(&partition_ids).map_err(failed)?;
        let (log, patience) = (Arc::clone(&self.log), entered.patience);
        let mut appending = async move {
            log.append(records).await?;
            entered.answered();
            Ok(())
        }
        .boxed();
        match tokio::time::timeout(patience, &mut appending).await {
            Ok(done) => done,
            Err(late) => {
                // It may still come to the log. Until that is known, no other call is let in.
                self.late.spawn(appending.map(drop));
                Err(Fault::new("log", "append a command", late))
            }
        }
    }

    fn partition_id(&self, record: &NewRecord) -> PartitionId {
        PartitionId {
            context: record.context,
            partition: topic::partition_of(record.key.as_bytes(), self.partitions),
        }
    }

    /// The wait begins here: the reply may be back before the append returns.
    fn seal_and_wait(&self, request: Request<'_>) -> Result<(Waiting, NewRecord), Fault> {
        let (open, body_hash) = (self.waiters.open(), request.body_hash());
        let (command, record) = self.sealer.seal(request, Some(open.address()))?;
        let partition_id = self.partition_id(&record);
        Ok((open.wait_for(command, partition_id, body_hash), record))
    }

    fn seal_all(&self, requests: &[Request<'_>]) -> Result<Vec<NewRecord>, Fault> {
        let sealed = requests
            .iter()
            .map(|request| self.sealer.seal(request.clone(), None));
        sealed
            .map(|sealed| sealed.map(|(_, record)| record))
            .collect()
    }

    /// Hands incoming replies to the waiting callers, until `stop`. While none can come, it asks the
    /// inbox for them.
    pub async fn listen(&self, replies: Arc<dyn Replies>, inbox: Inbox, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            tokio::select! {
                // What fails because everything ends is no fault to report.
                biased;
                () = stop.cancelled() => return,
                fault = self.subscription(replies.as_ref(), &inbox) => {
                    warn!(error = &fault as &dyn std::error::Error, "reply subscription ended, will subscribe again");
                }
            }
            tokio::select! {
                () = backoff.wait() => {}
                never = inbox.answer(&self.waiters) => match never {},
            }
        }
    }

    async fn subscription(&self, replies: &dyn Replies, inbox: &Inbox) -> Fault {
        let subscribed = tokio::select! {
            subscribed = replies.subscribe(self.waiters.instance().as_str()) => subscribed,
            never = inbox.answer(&self.waiters) => match never {},
        };
        let mut stream = match subscribed {
            Ok(stream) => stream,
            Err(fault) => return fault,
        };
        // What was answered while no task listened.
        inbox.answer_once(&self.waiters).await;
        loop {
            match stream.next().await {
                Ok(reply) => self.waiters.answer(reply),
                Err(fault) => return fault,
            }
        }
    }
}
