//! Where facts are entered: the two cubes of cells, and when customers came.

use std::sync::Arc;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::Created;
use crate::cell::{Cell, Key};
use crate::cells::Cells;
use crate::label::{Channel, CustomerId, Intent, QueueId};
use crate::names::Names;

/// The facts of one tenant's conversations.
///
/// Each fact is in both cubes: in the interval in which its stay in the queue was enqueued, and
/// in the interval in which it happened. In the second, a stay is counted as queued when it ends,
/// so that in both a ratio is of one population.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) queues: Names<QueueId>,
    pub(crate) channels: Names<Channel>,
    pub(crate) contact_names: Names<Contact>,
    /// When each contact's episodes began, by its number.
    pub(crate) contacts: Contacts,
    pub(crate) by_enqueued: Cells,
    pub(crate) by_closed: Cells,
}

/// A customer, and what they want.
pub(crate) type Contact = (CustomerId, Intent);

/// In chunks, which a copy shares until one changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contacts(Vec<Arc<Chunk>>);

/// When the episodes of [`CHUNK`] contacts began.
type Chunk = Vec<Vec<Timestamp>>;

const CHUNK: usize = 1_024;

/// The stay in a queue that a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) queue: u32,
    pub(crate) channel: u32,
    pub(crate) enqueued_at: Timestamp,
}

/// All that is kept of a closed conversation: what its reopening is counted by.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) sequence: u64,
    pub(crate) contact: u32,
    pub(crate) origin: Origin,
    pub(crate) at: Timestamp,
}

impl Ledger {
    /// Enters a fact that happened at `at`.
    pub(crate) fn enter(&mut self, origin: Origin, at: Timestamp, fact: impl Fn(&mut Cell)) {
        fact(self.enqueued(origin));
        fact(self.closed(origin, at));
    }

    pub(crate) fn enqueued(&mut self, origin: Origin) -> &mut Cell {
        let key = Key::new(origin.enqueued_at, origin.queue, origin.channel);
        self.by_enqueued.at(key)
    }

    pub(crate) fn closed(&mut self, origin: Origin, at: Timestamp) -> &mut Cell {
        let key = Key::new(at, origin.queue, origin.channel);
        self.by_closed.at(key)
    }

    /// Numbers of the channel, and of the customer with what they want.
    pub(crate) fn open(&mut self, created: Created) -> (u32, u32) {
        let channel = self.channels.number(&created.channel);
        let contact = (created.customer_id, created.intent);
        (channel, self.contact_names.number(&contact))
    }

    /// An episode of the contact began.
    pub(crate) fn came(&mut self, contact: u32, at: Timestamp) {
        self.contacts.of_mut(contact).push(at);
    }

    /// Whether the contact came again after `at`, until `until`.
    pub(crate) fn came_again(&self, contact: u32, at: Timestamp, until: Timestamp) -> bool {
        let mut came = self.contacts.of(contact).iter();
        came.any(|came| *came > at && *came <= until)
    }
}

impl Contacts {
    pub(crate) fn of(&self, contact: u32) -> &[Timestamp] {
        let (chunk, index) = place(contact);
        let chunk = self.0.get(chunk);
        chunk
            .and_then(|chunk| chunk.get(index))
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn of_mut(&mut self, contact: u32) -> &mut Vec<Timestamp> {
        let (chunk, index) = place(contact);
        if self.0.len() <= chunk {
            self.0.resize_with(chunk + 1, Arc::default);
        }
        let chunk = Arc::make_mut(&mut self.0[chunk]);
        if chunk.len() <= index {
            chunk.resize_with(index + 1, Vec::new);
        }
        &mut chunk[index]
    }
}

/// Which chunk, and where in it.
fn place(contact: u32) -> (usize, usize) {
    let contact = usize::try_from(contact).unwrap_or(usize::MAX);
    (contact / CHUNK, contact % CHUNK)
}
