//! One reader's part in a family: which partitions of its topic this process has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change, Pace};
use tokio::sync::mpsc::{Receiver, channel};
use tracing::debug;

use super::copies::Carries;
use super::family::{Event, Family};
use super::fetch::Place;
use super::reader::KafkaReader;
use super::source::Source;
use super::{KafkaSettings, fault, number};

/// Changes that may wait: the loss and the assignment of every partition a topic can have, twice. A
/// member further behind has not looked for two whole rebalances.
const CHANGES_MAX: usize = 4 * 1_024;

/// The families of a process, by the names of their groups.
#[derive(Default)]
pub(super) struct Families(Mutex<HashMap<String, Weak<Family>>>);

struct KafkaAssignments {
    source: Arc<Source>,
    topic: Arc<str>,
    carries: Carries,
    pace: Pace,
    family: Arc<Family>,
    member: u64,
    events: Receiver<Event>,
    overrun: Arc<AtomicBool>,
    /// Signalled by the next call of `next`: the revocation before it has been carried out.
    revoked: Option<std::sync::mpsc::Sender<()>>,
}

impl Families {
    /// Joins; the first assignment comes when the group has settled. `group` is a name such as
    /// `projector.redis.trades`: names with the same first part form one family.
    pub(super) fn join(
        &self,
        settings: &KafkaSettings,
        source: &Arc<Source>,
        group: &str,
        topic: Arc<str>,
        carries: Carries,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let role = group.split('.').next().unwrap_or(group);
        let name = format!("{}{role}", settings.prefix);
        let (sender, events) = channel(CHANGES_MAX);
        let overrun = Arc::new(AtomicBool::new(false));
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let present = families.get(&name).and_then(Weak::upgrade);
        let join = |family: Arc<Family>| {
            let member = family.join(&topic, sender.clone(), Arc::clone(&overrun))?;
            Some((family, member))
        };
        let (family, member) = match present.and_then(&join) {
            Some(joined) => joined,
            None => {
                let family = Family::start(settings, &name)?;
                families.insert(name, Arc::downgrade(&family));
                join(family).ok_or_else(|| Fault::bare("kafka", format!("join {group}")))?
            }
        };
        Ok(Box::new(KafkaAssignments {
            source: Arc::clone(source),
            topic,
            carries,
            pace,
            family,
            member,
            events,
            overrun,
            revoked: None,
        }))
    }
}

#[async_trait]
impl Assignments for KafkaAssignments {
    async fn next(&mut self) -> Result<Change, Fault> {
        if let Some(done) = self.revoked.take()
            && done.send(()).is_err()
        {
            debug!("the revocation had been waited for long enough");
        }
        if self.overrun.load(Ordering::Acquire) {
            let attempt = format!("follow the assignment of {}", self.topic);
            return Err(Fault::bare("kafka", attempt));
        }
        let attempt = || format!("poll the group of {}", self.topic);
        match self.events.recv().await {
            None => Err(Fault::bare("kafka", attempt())),
            Some(Event::Failed(error)) => Err(fault(attempt(), error)),
            Some(Event::Assigned(partition)) => {
                Ok(Change::Assigned(Box::new(self.reader(partition))))
            }
            Some(Event::Revoked(partition, done)) => {
                self.revoked = Some(done);
                Ok(Change::Revoked(number(partition)))
            }
            Some(Event::Lost(partition)) => Ok(Change::Lost(number(partition))),
        }
    }
}

impl KafkaAssignments {
    fn reader(&self, partition: i32) -> KafkaReader {
        let place = Place {
            topic: Arc::clone(&self.topic),
            partition,
            carries: self.carries,
        };
        let family = Arc::downgrade(&self.family);
        KafkaReader::new(&self.source, place, Some(family), self.pace)
    }
}

impl Drop for KafkaAssignments {
    fn drop(&mut self) {
        self.family.leave(self.member);
    }
}
