//! What callers have learned, and what answers may not contradict.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The versions that were acknowledged, and when.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<HashMap<String, Vec<(Instant, u64)>>>);

impl Ledger {
    /// A caller has just learned that the trade is at that version.
    pub(crate) fn record(&self, trade: &str, version: u64) {
        let now = Instant::now();
        let mut known = self.lock();
        known
            .entry(trade.to_owned())
            .or_default()
            .push((now, version));
    }

    /// The version that an answer must have seen which was asked for at that time and claims that age;
    /// 0 where it need not even know of the trade.
    pub(crate) fn due(&self, trade: &str, asked_at: Instant, age: Duration) -> u64 {
        let known = self.lock();
        due(known.get(trade).map_or(&[], Vec::as_slice), asked_at, age)
    }

    /// The same for all trades that there must be.
    pub(crate) fn all_due(&self, asked_at: Instant, age: Duration) -> HashMap<String, u64> {
        let known = self.lock();
        let due = known
            .iter()
            .map(|(trade, known)| (trade.clone(), due(known, asked_at, age)));
        due.filter(|(_, version)| *version > 0).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(Instant, u64)>>> {
        self.0
            .lock()
            .expect("nothing panics while it holds the lock")
    }
}

fn due(known: &[(Instant, u64)], asked_at: Instant, age: Duration) -> u64 {
    let before = known.iter().filter(|(at, _)| *at + age <= asked_at);
    before
        .map(|(_, version)| *version)
        .max()
        .unwrap_or_default()
}
