//! Refuses at once while the log does not answer: the first callers wait, the rest are told in
//! milliseconds.
//!
//! A breaker judges by shares of many calls. Here one call that hangs says enough: an append takes
//! milliseconds in health, and what hangs would have every caller wait as long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::topic::Shard;
use tokio::time::Instant;

/// How long an append may take before it counts as hanging, and its caller is answered.
pub(super) const HANGS_AFTER: Duration = Duration::from_secs(1);

/// The appends under way.
#[derive(Clone)]
pub(super) struct Gate(Arc<Mutex<UnderWay>>);

struct UnderWay {
    next: u64,
    /// When each began, and for which partition, in the order of their beginning.
    calls: BTreeMap<u64, (Instant, Shard)>,
    answered_at: Instant,
}

/// The log does not answer; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log has not answered for {} ms", .since.as_millis())]
pub(super) struct Hangs {
    pub(super) since: Duration,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(UnderWay {
            next: 0,
            calls: BTreeMap::new(),
            answered_at: Instant::now(),
        })))
    }

    /// A place among the appends under way.
    ///
    /// # Errors
    /// An append to one of the partitions hangs; or any does, and none has been answered for as long,
    /// so that it is not one partition's trouble.
    pub(super) fn enter(&self, shards: &[Shard]) -> Result<Entered, Hangs> {
        let mut under_way = self.lock();
        let now = Instant::now();
        let none_answered = now - under_way.answered_at > HANGS_AFTER;
        for (began, shard) in under_way.calls.values() {
            let since = now - *began;
            if since <= HANGS_AFTER {
                break;
            }
            if none_answered || shards.contains(shard) {
                return Err(Hangs { since });
            }
        }
        let mut calls = Vec::with_capacity(shards.len());
        for shard in shards {
            let call = under_way.next;
            under_way.next += 1;
            under_way.calls.insert(call, (now, *shard));
            calls.push(call);
        }
        drop(under_way);
        Ok(Entered {
            gate: self.clone(),
            calls,
        })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Given up when the append has ended, or nobody waits for it any more.
pub(super) struct Entered {
    gate: Gate,
    calls: Vec<u64>,
}

impl Entered {
    /// The log has answered.
    pub(super) fn answered(&self) {
        self.gate.lock().answered_at = Instant::now();
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut under_way = self.gate.lock();
        for call in &self.calls {
            under_way.calls.remove(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Gate, Instant, Shard};

    fn shard(partition: u16) -> Shard {
        Shard {
            context: "trades",
            partition,
        }
    }

    async fn pass(millis: u64) -> Instant {
        tokio::time::advance(Duration::from_millis(millis)).await;
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn log_that_hangs_is_refused_after_a_second_and_taken_again_when_it_answers() {
        let gate = Gate::new();
        let first = gate.enter(&[shard(1)]).unwrap();
        pass(900).await;
        let second = gate.enter(&[shard(2)]).unwrap();
        pass(200).await;
        for other in 0..4 {
            assert!(gate.enter(&[shard(other)]).is_err());
        }
        first.answered();
        drop(first);
        assert!(gate.enter(&[shard(1)]).is_ok());
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn partition_that_hangs_alone_is_refused_alone() {
        let gate = Gate::new();
        let hangs = gate.enter(&[shard(1)]).unwrap();
        for _ in 0..30 {
            pass(100).await;
            gate.enter(&[shard(2)]).unwrap().answered();
        }
        assert!(gate.enter(&[shard(1)]).is_err());
        assert!(gate.enter(&[shard(2), shard(1)]).is_err());
        assert!(gate.enter(&[shard(2)]).is_ok());
        drop(hangs);
        assert!(gate.enter(&[shard(1)]).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_log_is_not_taken_for_one_that_hangs() {
        let gate = Gate::new();
        pass(60_000).await;
        let entered = gate.enter(&[shard(1)]).unwrap();
        pass(500).await;
        assert!(gate.enter(&[shard(1)]).is_ok());
        drop(entered);
    }

    #[tokio::test(start_paused = true)]
    async fn call_that_nobody_waits_for_any_more_counts_for_nothing() {
        let gate = Gate::new();
        drop(gate.enter(&[shard(1)]).unwrap());
        pass(5_000).await;
        assert!(gate.enter(&[shard(1)]).is_ok());
    }
}
