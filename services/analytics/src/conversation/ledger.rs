//! Where facts are entered: the two cubes of cells, and when customers came.

use kernel::Timestamp;

use super::event::Created;
use crate::cell::{Cell, Cells, Key};
use crate::label::{Channel, CustomerId, Intent, QueueId};
use crate::names::Names;

/// The facts of one tenant's conversations.
///
/// Each fact is in both cubes: in the interval in which its stay in the queue was enqueued, and
/// in the interval in which it happened. In the second, a stay is counted as queued when it ends,
/// so that in both a ratio is of one population.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) queues: Names<QueueId>,
    pub(crate) channels: Names<Channel>,
    contact_names: Names<(CustomerId, Intent)>,
    /// When each contact's episodes began, by its number.
    contacts: Vec<Vec<Timestamp>>,
    pub(crate) by_enqueued: Cells,
    pub(crate) by_closed: Cells,
}

/// The stay in a queue that a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Origin {
    pub(crate) queue: u32,
    pub(crate) channel: u32,
    pub(crate) enqueued_at: Timestamp,
}

/// All that is kept of a closed conversation: what its reopening is counted by.
#[derive(Clone, Copy, Debug)]
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
        self.by_enqueued.entry(key).or_default()
    }

    pub(crate) fn closed(&mut self, origin: Origin, at: Timestamp) -> &mut Cell {
        let key = Key::new(at, origin.queue, origin.channel);
        self.by_closed.entry(key).or_default()
    }

    /// Numbers of the channel, and of the customer with what they want.
    pub(crate) fn open(&mut self, created: Created) -> (u32, u32) {
        let channel = self.channels.number(&created.channel);
        let contact = (created.customer_id, created.intent);
        (channel, self.contact_names.number(&contact))
    }

    /// An episode of the contact began.
    pub(crate) fn came(&mut self, contact: u32, at: Timestamp) {
        let index = index(contact);
        if self.contacts.len() <= index {
            self.contacts.resize_with(index + 1, Vec::new);
        }
        self.contacts[index].push(at);
    }

    /// Whether the contact came again after `at`, until `until`.
    pub(crate) fn came_again(&self, contact: u32, at: Timestamp, until: Timestamp) -> bool {
        let came = self.contacts.get(index(contact)).into_iter().flatten();
        came.into_iter().any(|came| *came > at && *came <= until)
    }
}

fn index(contact: u32) -> usize {
    usize::try_from(contact).unwrap_or(usize::MAX)
}
