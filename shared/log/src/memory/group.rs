//! Groups: which member has which partition, and how it changes hands.
//!
//! Nothing moves by itself but what has no owner: a member that joins takes the partitions nobody
//! has, one that leaves hands its own on. A test moves the others, one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change};
use tokio::sync::mpsc;

use super::topic::Topic;

/// What a member is told. Unbounded like a broker's own queue; a test tells little.
#[derive(Clone, Copy, Debug)]
enum Told {
    Assigned(u16),
    Revoked(u16),
    Lost(u16),
}

/// The members by the order in which they joined, and who has each partition.
pub(super) struct Group {
    joined: u64,
    members: BTreeMap<u64, mpsc::UnboundedSender<Told>>,
    owners: Vec<Option<u64>>,
}

impl Group {
    pub(super) fn new(partitions: usize) -> Self {
        Self {
            joined: 0,
            members: BTreeMap::new(),
            owners: vec![None; partitions],
        }
    }

    fn join(&mut self) -> (u64, mpsc::UnboundedReceiver<Told>) {
        let (sender, told) = mpsc::unbounded_channel();
        self.joined += 1;
        self.members.insert(self.joined, sender);
        self.assign_what_nobody_has(self.joined);
        (self.joined, told)
    }

    fn leave(&mut self, member: u64) {
        self.members.remove(&member);
        for owner in &mut self.owners {
            owner.take_if(|owner| *owner == member);
        }
        if let Some(heir) = self.after(member) {
            self.assign_what_nobody_has(heir);
        }
    }

    /// False when nobody has the partition.
    pub(super) fn revoke(&mut self, partition: u16) -> bool {
        match self.owner(partition) {
            Some(owner) => self.tell(owner, Told::Revoked(partition)),
            None => false,
        }
    }

    /// False when nobody has the partition.
    pub(super) fn lose(&mut self, partition: u16) -> bool {
        match self.owner(partition) {
            Some(owner) => {
                self.tell(owner, Told::Lost(partition));
                self.hand_on(partition, owner);
                true
            }
            None => false,
        }
    }

    /// The revocation has been carried out.
    fn released(&mut self, member: u64, partition: u16) {
        if self.owner(partition) == Some(member) {
            self.hand_on(partition, member);
        }
    }

    fn owner(&self, partition: u16) -> Option<u64> {
        self.owners.get(usize::from(partition)).copied().flatten()
    }

    /// To the member that joined next after `from`, in a circle: to itself when it is alone.
    fn hand_on(&mut self, partition: u16, from: u64) {
        self.owners[usize::from(partition)] = None;
        if let Some(heir) = self.after(from) {
            self.assign(partition, heir);
        }
    }

    fn after(&self, member: u64) -> Option<u64> {
        let mut later = self.members.range(member + 1..);
        let (next, _) = later.next().or_else(|| self.members.first_key_value())?;
        Some(*next)
    }

    fn assign_what_nobody_has(&mut self, member: u64) {
        for partition in (0..).take(self.owners.len()) {
            if self.owner(partition).is_none() {
                self.assign(partition, member);
            }
        }
    }

    fn assign(&mut self, partition: u16, member: u64) {
        self.owners[usize::from(partition)] = Some(member);
        self.tell(member, Told::Assigned(partition));
    }

    fn tell(&self, member: u64, told: Told) -> bool {
        let member = self.members.get(&member);
        member.is_some_and(|member| member.send(told).is_ok())
    }
}

/// A membership; leaves when it is dropped.
struct Member {
    topic: Arc<Topic>,
    group: String,
    number: u64,
    told: mpsc::UnboundedReceiver<Told>,
    /// Revoked, and held back until `next` is called again.
    releasing: Option<u16>,
}

/// Joins a group of a topic.
pub(super) fn join(topic: Arc<Topic>, group: &str) -> Box<dyn Assignments> {
    let (number, told) = topic.group(group, Group::join);
    Box::new(Member {
        topic,
        group: group.to_owned(),
        number,
        told,
        releasing: None,
    })
}

#[async_trait]
impl Assignments for Member {
    async fn next(&mut self) -> Result<Change, Fault> {
        if let Some(partition) = self.releasing.take() {
            self.topic
                .group(&self.group, |group| group.released(self.number, partition));
        }
        let told = self.told.recv().await;
        match told.ok_or_else(|| Fault::bare("memory", "the group is gone"))? {
            Told::Assigned(partition) => {
                Ok(Change::Assigned(self.topic.partition(partition)?.reader()))
            }
            Told::Revoked(partition) => {
                self.releasing = Some(partition);
                Ok(Change::Revoked(partition))
            }
            Told::Lost(partition) => Ok(Change::Lost(partition)),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.topic
            .group(&self.group, |group| group.leave(self.number));
    }
}
