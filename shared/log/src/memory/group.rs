//! Groups: which member has which partition, and how it changes hands.
//!
//! Only a partition without an owner moves by itself: a member that joins takes those, one that leaves
//! hands its own on. A test moves the others, one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change};
use tokio::sync::mpsc;

use super::topic::Topic;

/// What a member receives. Unbounded like a broker's own queue; a test sends little.
#[derive(Clone, Copy, Debug)]
enum Notice {
    Assigned(u16),
    Revoked(u16),
    Lost(u16),
}

/// The members by the order in which they joined, and the owner of each partition.
pub(super) struct Group {
    joined: u64,
    members: BTreeMap<u64, mpsc::UnboundedSender<Notice>>,
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

    fn join(&mut self) -> (u64, mpsc::UnboundedReceiver<Notice>) {
        let (sender, notices) = mpsc::unbounded_channel();
        self.joined += 1;
        self.members.insert(self.joined, sender);
        self.assign_unowned(self.joined);
        (self.joined, notices)
    }

    fn leave(&mut self, member: u64) {
        self.members.remove(&member);
        for owner in &mut self.owners {
            owner.take_if(|owner| *owner == member);
        }
        if let Some(heir) = self.after(member) {
            self.assign_unowned(heir);
        }
    }

    /// False when the partition has no owner.
    pub(super) fn revoke(&mut self, partition: u16) -> bool {
        match self.owner(partition) {
            Some(owner) => self.tell(owner, Notice::Revoked(partition)),
            None => false,
        }
    }

    /// False when the partition has no owner.
    pub(super) fn lose(&mut self, partition: u16) -> bool {
        match self.owner(partition) {
            Some(owner) => {
                self.tell(owner, Notice::Lost(partition));
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

    fn assign_unowned(&mut self, member: u64) {
        for partition in (0..).take(self.owners.len()) {
            if self.owner(partition).is_none() {
                self.assign(partition, member);
            }
        }
    }

    fn assign(&mut self, partition: u16, member: u64) {
        self.owners[usize::from(partition)] = Some(member);
        self.tell(member, Notice::Assigned(partition));
    }

    fn tell(&self, member: u64, notice: Notice) -> bool {
        let member = self.members.get(&member);
        member.is_some_and(|member| member.send(notice).is_ok())
    }
}

/// A membership; leaves when it is dropped.
struct Member {
    topic: Arc<Topic>,
    group: String,
    number: u64,
    notices: mpsc::UnboundedReceiver<Notice>,
    /// Revoked, and held back until `next` is called again.
    releasing: Option<u16>,
}

/// Joins a group of a topic.
pub(super) fn join(topic: Arc<Topic>, group: &str) -> Box<dyn Assignments> {
    let (number, notices) = topic.group(group, Group::join);
    Box::new(Member {
        topic,
        group: group.to_owned(),
        number,
        notices,
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
        let notice = self.notices.recv().await;
        match notice.ok_or_else(|| Fault::bare("memory", "the group is gone"))? {
            Notice::Assigned(partition) => {
                Ok(Change::Assigned(self.topic.partition(partition)?.reader()))
            }
            Notice::Revoked(partition) => {
                self.releasing = Some(partition);
                Ok(Change::Revoked(partition))
            }
            Notice::Lost(partition) => Ok(Change::Lost(partition)),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.topic
            .group(&self.group, |group| group.leave(self.number));
    }
}
