use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::code::Fault;
use kernel::port::{HEARD_FOR, Heard, Heartbeats};

const LOCK: &str = "nothing panics while it holds the lock";

/// Heartbeats within one process.
#[derive(Debug, Default)]
pub struct MemoryHeartbeats(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: HashMap<Box<str>, Timestamp>,
    by_time: BTreeSet<(Timestamp, Box<str>)>,
}

impl Known {
    fn note(&mut self, Heard { name, at }: &Heard) {
        let known = self.last.get(name);
        if known.is_some_and(|known| known >= at) {
            return;
        }
        if let Some(known) = self.last.insert(name.clone(), *at) {
            self.by_time.remove(&(known, name.clone()));
        }
        self.by_time.insert((*at, name.clone()));
    }

    fn forget(&mut self) {
        let Some((last, _)) = self.by_time.last() else {
            return;
        };
        let kept = (last.minus(HEARD_FOR), Box::default());
        let kept = self.by_time.split_off(&kept);
        for (_, name) in std::mem::replace(&mut self.by_time, kept) {
            self.last.remove(&name);
        }
    }
}

#[async_trait]
impl Heartbeats for MemoryHeartbeats {
    async fn note(&self, heard: &[Heard]) -> Result<(), Fault> {
        let mut known = self.0.lock().expect(LOCK);
        heard.iter().for_each(|heard| known.note(heard));
        known.forget();
        Ok(())
    }

    async fn heard_since(&self, time: Timestamp) -> Result<Vec<Heard>, Fault> {
        let known = self.0.lock().expect(LOCK);
        let since = known.by_time.range((time, Box::default())..);
        let heard = since.map(|(at, name)| Heard {
            name: name.clone(),
            at: *at,
        });
        Ok(heard.collect())
    }
}
