//! Requests that wait for the outcome of their command: each has an address of its own, so that two
//! under one command id are answered each for itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::id::{AggregateId, CommandId};
use kernel::port::{Reply, ReplyTo};
use kernel::topic::PartitionId;
use tokio::sync::oneshot;

/// The open requests of this process; as many as callers wait.
#[derive(Clone)]
pub(super) struct Waiters(Arc<Shared>);

struct Shared {
    instance: AggregateId,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Place>>,
}

/// One open request.
struct Place {
    sender: oneshot::Sender<Reply>,
    asked: Option<(PartitionId, Asked)>,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) request: u64,
    pub(super) command: CommandId,
    pub(super) body_hash: i64,
}

impl Waiters {
    pub(super) fn new(instance: AggregateId) -> Self {
        Self(Arc::new(Shared {
            instance,
            next: AtomicU64::new(1),
            open: Mutex::default(),
        }))
    }

    pub(super) fn instance(&self) -> &AggregateId {
        &self.0.instance
    }

    /// Gives the next request an address, to which replies can come from now on.
    pub(super) fn open(&self) -> Open {
        let request = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        let asked = None;
        self.0.open().insert(request, Place { sender, asked });
        Open {
            address: ReplyTo {
                instance: self.0.instance.clone(),
                request,
            },
            reply,
            entry: Entry {
                waiters: Arc::clone(&self.0),
                request,
            },
        }
    }

    /// Hands a reply to its request, unless that has been given up.
    pub(super) fn answer(&self, reply: Reply) {
        let place = self.0.open().remove(&reply.request);
        if let Some(Place { sender, .. }) = place {
            // Given up this very moment: no caller needs it.
            drop(sender.send(reply));
        }
    }

    /// What all of them wait for, by partition.
    pub(super) fn asked(&self) -> HashMap<PartitionId, Vec<Asked>> {
        let mut by_partition: HashMap<PartitionId, Vec<Asked>> = HashMap::new();
        for (partition_id, asked) in self.0.open().values().filter_map(|place| place.asked) {
            by_partition.entry(partition_id).or_default().push(asked);
        }
        by_partition
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Place>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that has an address and no command yet.
pub(super) struct Open {
    address: ReplyTo,
    reply: oneshot::Receiver<Reply>,
    entry: Entry,
}

impl Open {
    pub(super) fn address(&self) -> &ReplyTo {
        &self.address
    }

    pub(super) fn wait_for(
        self,
        command: CommandId,
        partition_id: PartitionId,
        body_hash: i64,
    ) -> Waiting {
        let request = self.entry.request;
        let asked = Asked {
            request,
            command,
            body_hash,
        };
        if let Some(place) = self.entry.waiters.open().get_mut(&request) {
            place.asked = Some((partition_id, asked));
        }
        Waiting {
            command,
            reply: self.reply,
            entry: self.entry,
        }
    }
}

/// A wait for one outcome; dropping it gives up.
pub struct Waiting {
    /// Whose outcome.
    pub command: CommandId,
    reply: oneshot::Receiver<Reply>,
    entry: Entry,
}

impl Waiting {
    /// `None` when no reply will come any more.
    pub async fn outcome(self) -> Option<Reply> {
        let Self { reply, entry, .. } = self;
        let reply = reply.await.ok();
        drop(entry);
        reply
    }
}

/// A place among the open requests, for as long as a caller waits.
struct Entry {
    waiters: Arc<Shared>,
    request: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.waiters.open().remove(&self.request);
    }
}
