use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::code::Fault;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};
use kernel::topic::partition_of;
use redis::aio::ConnectionManager;
use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind};

use super::REDIS;
use super::keys::Keys;
use super::link::{Link, RedisOptions};
use super::links::Links;

/// Values of one batch. At about 1 µs each the script holds up every other client for 50 ms.
const PUTS_MAX: usize = 50_000;

/// Keys of one `MGET`, so that a long read does not hold up the short ones.
const KEYS_PER_READ: usize = 1_000;

/// Keys looked at, and at most about as many unlinked, in one step of `clear`.
const KEYS_PER_STEP: usize = 1_000;

/// Replaces the checkpoint while the view is cleared, so that no other process writes meanwhile.
const CLEARING: &str = "clearing";

/// If the clearing process dies, the view counts as empty after this time; each step renews it.
const CLEARING_MAX: Duration = Duration::from_secs(30);

/// Views on Redis, as values that a query can send without a look inside.
///
/// Redis may lose what it holds: flushed, restored from an old dump, failed over to a replica that
/// lagged. The checkpoint is lost with the values, so the projector notices and rebuilds; until then
/// what is left is older than it claims, and what is gone seems never to have been. So a reader asks
/// in the same round trip for a marker that shares the values' fate. Only [`Self::mark_ready`] sets
/// it; it expires, and a write to a checkpoint that fell behind takes it away.
///
/// Every key must belong to its batch's partition by [`partition_of`]: a reader finds the marker of
/// a key that is absent in no other way.
#[derive(Clone)]
pub struct RedisReadModel {
    shared: Arc<Shared>,
    trust: Trust,
}

struct Shared {
    keys: Keys,
    partitions: u16,
    ready_lease: Duration,
    reads: Links,
    writes: Link,
    apply: Script,
    mark_ready: Script,
}

/// Whose reads these are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// A query's: values without a marker are a fault.
    IfReady,
    /// The projector's own: it knows how old the values are.
    Always,
}

impl RedisReadModel {
    /// A model for queries. Does not connect yet; must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, Fault> {
        let shared = Shared {
            keys: Keys::under(&options.prefix),
            partitions: options.partitions,
            ready_lease: options.ready_lease,
            reads: Links::open(options, options.read_timeout)?,
            writes: Link::open(options, options.write_timeout)?,
            apply: Script::new(concat!(include_str!("held.lua"), include_str!("apply.lua"))),
            mark_ready: Script::new(concat!(
                include_str!("held.lua"),
                include_str!("mark_ready.lua")
            )),
        };
        Ok(Self {
            shared: Arc::new(shared),
            trust: Trust::IfReady,
        })
    }

    /// The same model for the projector, which reads back what it wrote before readers may.
    #[must_use]
    pub fn for_projector(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            trust: Trust::Always,
        }
    }
}

#[async_trait]
impl ReadModel for RedisReadModel {
    /// Refused means that the checkpoint is elsewhere. Also a fault: Redis is set to evict values
    /// when its memory is full.
    async fn mark_ready(
        &self,
        view: ViewId,
        partition: u16,
        at: Checkpoint,
    ) -> Result<Applied, Fault> {
        let shared = &self.shared;
        let mut command = shared.evalsha(&shared.mark_ready, view, partition);
        command
            .arg(encode(at))
            .arg(shared.ready_lease.as_millis().to_string());
        let attempt = format!("mark partition {partition} of view {view} ready");
        shared.run(&shared.mark_ready, &attempt, &command).await
    }

    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        let shared = &self.shared;
        let attempt = format!("read checkpoint {partition} of view {view}");
        let mut get = redis::cmd("GET");
        get.arg(shared.keys.checkpoint(view, partition));
        let link = match self.trust {
            // The caller is about to write.
            Trust::Always => &shared.writes,
            // A reader of the gateway: a connection that its thread made ends with the server, while
            // projectors still write.
            Trust::IfReady => shared.reads.own(),
        };
        let held: Option<String> = link.command(&attempt, &get).await?;
        match held {
            None => Ok(Checkpoint::default()),
            Some(text) => decode(&text)
                .ok_or_else(|| Fault::bare(REDIS, format!("{attempt}: it is `{text}`"))),
        }
    }

    /// One that is being cleared has seen nothing.
    async fn checkpoints(&self, asked: &[(ViewId, u16)]) -> Result<Vec<Checkpoint>, Fault> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut mget = redis::cmd("MGET");
        for (view, partition) in asked {
            mget.arg(self.shared.keys.checkpoint(*view, *partition));
        }
        let attempt = format!("read {} checkpoints", asked.len());
        let held: Vec<Option<String>> = self.shared.reads.own().command(attempt, &mget).await?;
        let seen = held.iter().map(|text| decode(text.as_deref()?));
        Ok(seen.map(Option::unwrap_or_default).collect())
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let shared = &self.shared;
        shared.check(&batch)?;
        let mut command = shared.evalsha(&shared.apply, batch.view, batch.partition);
        command
            .arg(encode(batch.from))
            .arg(encode(batch.to))
            .arg(shared.ready_lease.as_millis().to_string());
        let (mut name, mut bytes) = (shared.keys.value(batch.view, ""), Vec::new());
        let stem = name.len();
        for (key, value) in &batch.puts {
            name.truncate(stem);
            name.push_str(key);
            bytes.clear();
            value.write(key, &mut bytes);
            command.arg(&name).arg(&bytes[..]);
        }
        let attempt = format!(
            "apply to partition {} of view {}",
            batch.partition, batch.view
        );
        shared.run(&shared.apply, &attempt, &command).await
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_PER_READ) {
            self.get_some(view, keys, &mut found).await?;
        }
        Ok(found)
    }

    /// Always a fault: Redis keeps no order of keys, and an index beside them would double every
    /// write. The stores behind it in the query chain list.
    async fn list(
        &self,
        view: ViewId,
        _prefix: &str,
        _after: Option<&str>,
        _max: usize,
    ) -> Result<Listed, Fault> {
        Err(Fault::bare(REDIS, format!("cannot list view {view}")))
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        let attempt = format!("clear view {view}");
        let glob = self.shared.keys.values(view);
        let mut cursor = 0;
        loop {
            self.shared.announce_clearing(view, &attempt).await?;
            cursor = self.shared.unlink_some(&glob, cursor, &attempt).await?;
            if cursor == 0 {
                break;
            }
        }
        let mut unlink = redis::cmd("UNLINK");
        for partition in 0..self.shared.partitions {
            unlink.arg(self.shared.keys.checkpoint(view, partition));
        }
        self.shared.writes.command(&attempt, &unlink).await
    }
}

impl RedisReadModel {
    async fn get_some(
        &self,
        view: ViewId,
        keys: &[Arc<str>],
        found: &mut Vec<Option<ViewValue>>,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        let mut mget = redis::cmd("MGET");
        for key in keys {
            mget.arg(shared.keys.value(view, key));
        }
        let partitions = self.partitions_to_trust(keys);
        for partition in &partitions {
            mget.arg(shared.keys.ready(view, *partition));
        }
        let attempt = ReadView(view);
        let mut answers: Vec<Option<Bytes>> = shared.reads.own().command(attempt, &mget).await?;
        let markers = answers.split_off(keys.len().min(answers.len()));
        for (partition, marker) in partitions.iter().zip(&markers) {
            if marker.is_none() {
                let attempt = format!("{attempt}: partition {partition} is not ready");
                return Err(Fault::bare(REDIS, attempt));
            }
        }
        for (key, answer) in keys.iter().zip(answers) {
            let value = answer.map(|bytes| ViewValue::from_bytes(key, bytes));
            let value = value.transpose();
            found.push(value.map_err(|damaged| Fault::new(REDIS, attempt.to_string(), damaged))?);
        }
        Ok(())
    }

    fn partitions_to_trust(&self, keys: &[Arc<str>]) -> Vec<u16> {
        if self.trust == Trust::Always {
            return Vec::new();
        }
        let partition = |key: &Arc<str>| partition_of(key.as_bytes(), self.shared.partitions);
        let mut partitions: Vec<_> = keys.iter().map(partition).collect();
        partitions.sort_unstable();
        partitions.dedup();
        partitions
    }
}

/// What a read attempts; put into words when it fails.
#[derive(Clone, Copy)]
struct ReadView(ViewId);

impl fmt::Display for ReadView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read view {}", self.0)
    }
}

impl Shared {
    fn check(&self, batch: &ViewBatch) -> Result<(), Fault> {
        let refuse = |reason: String| {
            let view = batch.view;
            Err(Fault::bare(
                REDIS,
                format!("apply to view {view}: {reason}"),
            ))
        };
        if batch.puts.len() > PUTS_MAX {
            let values = batch.puts.len();
            return refuse(format!("{values} values are more than {PUTS_MAX}"));
        }
        for (key, _) in &batch.puts {
            if partition_of(key.as_bytes(), self.partitions) != batch.partition {
                return refuse(format!("{key} is not of partition {}", batch.partition));
            }
        }
        Ok(())
    }

    /// The call of a script on a partition's checkpoint and marker. Made by hand, because
    /// [`redis::ScriptInvocation`] would copy every value twice more.
    fn evalsha(&self, script: &Script, view: ViewId, partition: u16) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command
            .arg(script.get_hash())
            .arg(2)
            .arg(self.keys.checkpoint(view, partition))
            .arg(self.keys.ready(view, partition));
        command
    }

    async fn run(&self, script: &Script, attempt: &str, command: &Cmd) -> Result<Applied, Fault> {
        let call = |on| evaluate(script, command, on);
        let written: bool = self.writes.run(attempt, call).await?;
        Ok(if written {
            Applied::Written
        } else {
            Applied::Refused
        })
    }

    async fn announce_clearing(&self, view: ViewId, attempt: &str) -> Result<(), Fault> {
        let mut steps = redis::pipe();
        for partition in 0..self.partitions {
            steps.set_ex(
                self.keys.checkpoint(view, partition),
                CLEARING,
                CLEARING_MAX.as_secs(),
            );
            steps.unlink(self.keys.ready(view, partition));
        }
        self.writes.pipeline(attempt, steps.atomic()).await
    }

    /// Unlinks what one step of a scan finds; the cursor of the next step, 0 when there is none.
    async fn unlink_some(&self, glob: &str, cursor: u64, attempt: &str) -> Result<u64, Fault> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(glob)
            .arg("COUNT")
            .arg(KEYS_PER_STEP);
        let (next, keys): (u64, Vec<Bytes>) = self.writes.command(attempt, &scan).await?;
        if !keys.is_empty() {
            let mut unlink = redis::cmd("UNLINK");
            for key in &keys {
                unlink.arg(&key[..]);
            }
            self.writes.command::<()>(attempt, &unlink).await?;
        }
        Ok(next)
    }
}

/// A server forgets its scripts when it restarts.
async fn evaluate(script: &Script, command: &Cmd, mut on: ConnectionManager) -> RedisResult<bool> {
    match command.query_async(&mut on).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(&mut on).await?;
            command.query_async(&mut on).await
        }
        answer => answer,
    }
}

/// `log position next_offset`, in decimal digits.
fn encode(checkpoint: Checkpoint) -> String {
    format!("{} {}", checkpoint.log_position, checkpoint.next_offset)
}

fn decode(text: &str) -> Option<Checkpoint> {
    let (log_position, next_offset) = text.split_once(' ')?;
    Some(Checkpoint {
        log_position: log_position.parse().ok()?,
        next_offset: next_offset.parse().ok()?,
    })
}
