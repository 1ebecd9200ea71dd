//! The figures as a snapshot keeps them: a copy that shares what does not change, and is put into one order
//! when it is written. Numbers of names and the order of lists depend on which stream was read first, so
//! names are numbered in their own order and lists are sorted.

use std::sync::Arc;

use kernel::{AggregateId, Tenant, Timestamp};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::agent::AgentHours;
use crate::cell::{Cell, Key};
use crate::cells::Cells;
use crate::conversation::{Closed, Contact, Ledger, Open, Origin};
use crate::desk::Desk;
use crate::label::{Channel, QueueId};
use crate::metrics::Metrics;
use crate::names::Names;
use crate::queue::Queue;

/// What a snapshot of the figures says.
pub struct KeptMetrics(pub(crate) Metrics);

/// A desk as it is written.
#[derive(Deserialize)]
struct Written {
    queues: Vec<QueueId>,
    channels: Vec<Channel>,
    /// Each with when its episodes began.
    contacts: Vec<(Contact, Vec<Timestamp>)>,
    by_enqueued: Vec<(Key, Cell)>,
    by_closed: Vec<(Key, Cell)>,
    open: Vec<(AggregateId, Arc<Open>)>,
    closed: Vec<(AggregateId, Closed)>,
    agents: Vec<(AggregateId, Arc<AgentHours>)>,
    configured: Vec<(QueueId, Queue)>,
}

/// A desk that is written in order.
struct InOrder<'a>(&'a Desk);

/// The numbers that names are written with.
struct Numbers<'a> {
    queues: Ranks<'a, QueueId>,
    channels: Ranks<'a, Channel>,
    contacts: Ranks<'a, Contact>,
}

/// Names in their order, each with its number of before; and the place of each number in that order.
struct Ranks<'a, N> {
    names: Vec<(&'a N, u32)>,
    places: Vec<u32>,
}

impl<'a, N: std::hash::Hash + Ord + Clone> Ranks<'a, N> {
    fn of(names: &'a Names<N>) -> Self {
        let mut names: Vec<_> = names.all().collect();
        names.sort_unstable();
        let mut places = vec![0; names.len()];
        for ((_, number), place) in names.iter().zip(0..) {
            places[index(*number)] = place;
        }
        Self { names, places }
    }

    fn place(&self, number: u32) -> u32 {
        self.places.get(index(number)).copied().unwrap_or(number)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<'a> Numbers<'a> {
    fn of(ledger: &'a Ledger) -> Self {
        Self {
            queues: Ranks::of(&ledger.queues),
            channels: Ranks::of(&ledger.channels),
            contacts: Ranks::of(&ledger.contact_names),
        }
    }

    fn key(&self, key: &Key) -> Key {
        Key {
            interval: key.interval,
            queue: self.queues.place(key.queue),
            channel: self.channels.place(key.channel),
        }
    }

    fn cells<'c>(&self, cells: &'c Cells) -> Vec<(Key, &'c Cell)> {
        let cells = cells.all();
        let mut cells: Vec<_> = cells.map(|(key, cell)| (self.key(key), cell)).collect();
        cells.sort_unstable_by_key(|(key, _)| *key);
        cells
    }

    fn cell(&self, cell: &Cell) -> Cell {
        cell.in_order(|contact| self.contacts.place(contact))
    }

    fn origin(&self, origin: Origin) -> Origin {
        Origin {
            queue: self.queues.place(origin.queue),
            channel: self.channels.place(origin.channel),
            ..origin
        }
    }

    fn open(&self, open: &Open) -> Open {
        let mut open = open.clone();
        open.channel = self.channels.place(open.channel);
        open.contact = self.contacts.place(open.contact);
        open.origin = open.origin.map(|origin| self.origin(origin));
        open
    }

    fn closed(&self, closed: Closed) -> Closed {
        Closed {
            contact: self.contacts.place(closed.contact),
            origin: self.origin(closed.origin),
            ..closed
        }
    }
}

impl Serialize for KeptMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut desks: Vec<_> = self.0.desks.iter().collect();
        desks.sort_unstable_by_key(|(tenant, _)| *tenant);
        let desks = desks.into_iter();
        serializer.collect_seq(desks.map(|(tenant, desk)| (tenant, InOrder(desk))))
    }
}

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Desk {
            open,
            closed,
            ledger,
            agents,
            queues,
        } = self.0;
        let numbers = Numbers::of(ledger);
        let names = &numbers.contacts.names;
        let (by_enqueued, by_closed) = (
            numbers.cells(&ledger.by_enqueued),
            numbers.cells(&ledger.by_closed),
        );
        let (open, closed) = (sorted(open.iter()), sorted(closed.iter()));
        let mut desk = serializer.serialize_struct("desk", 9)?;
        desk.serialize_field("queues", &named(&numbers.queues))?;
        desk.serialize_field("channels", &named(&numbers.channels))?;
        desk.serialize_field(
            "contacts",
            &each(names, |(name, number)| {
                let mut came = ledger.contacts.of(*number).to_vec();
                came.sort_unstable();
                (*name, came)
            }),
        )?;
        let cell = |(key, cell): &(Key, &Cell)| (*key, numbers.cell(cell));
        desk.serialize_field("by_enqueued", &each(&by_enqueued, cell))?;
        desk.serialize_field("by_closed", &each(&by_closed, cell))?;
        desk.serialize_field("open", &each(&open, |(id, open)| (*id, numbers.open(open))))?;
        desk.serialize_field(
            "closed",
            &each(&closed, |(id, closed)| (*id, numbers.closed(**closed))),
        )?;
        desk.serialize_field("agents", &sorted(agents.iter()))?;
        desk.serialize_field("configured", &sorted(queues.iter()))?;
        desk.end()
    }
}

fn named<'a, N>(ranks: &Ranks<'a, N>) -> Vec<&'a N> {
    ranks.names.iter().map(|(name, _)| *name).collect()
}

/// Maps that are hashed have no order of their own.
fn sorted<'a, K: Ord, V>(all: impl Iterator<Item = (&'a K, &'a V)>) -> Vec<(&'a K, &'a V)> {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    all
}

/// What is made of each is made when it is written, and dropped: a snapshot is no second copy.
struct Each<'a, T, F>(&'a [T], F);

fn each<'a, T, U, F: Fn(&'a T) -> U>(all: &'a [T], written: F) -> Each<'a, T, F> {
    Each(all, written)
}

impl<'a, T, U: Serialize, F: Fn(&'a T) -> U> Serialize for Each<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all: &'a [T] = self.0;
        serializer.collect_seq(all.iter().map(&self.1))
    }
}

impl<'de> Deserialize<'de> for KeptMetrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<(Tenant, Written)>::deserialize(deserializer)?;
        let desks = written.into_iter();
        let desks = desks.map(|(tenant, desk)| (tenant, desk.read())).collect();
        Ok(Self(Metrics { desks }))
    }
}

impl Written {
    fn read(self) -> Desk {
        let mut ledger = Ledger {
            by_enqueued: self.by_enqueued.into_iter().collect(),
            by_closed: self.by_closed.into_iter().collect(),
            ..Ledger::default()
        };
        for queue in &self.queues {
            ledger.queues.number(queue);
        }
        for channel in &self.channels {
            ledger.channels.number(channel);
        }
        for (contact, came) in self.contacts {
            let number = ledger.contact_names.number(&contact);
            *ledger.contacts.of_mut(number) = came;
        }
        Desk {
            open: self.open.into_iter().collect(),
            closed: self.closed.into_iter().collect(),
            ledger,
            agents: self.agents.into_iter().collect(),
            queues: self.configured.into_iter().collect(),
        }
    }
}
