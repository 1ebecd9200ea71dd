//! Refuses at once while the log does not answer: the first callers wait, the rest get an answer in
//! milliseconds.
//!
//! A breaker judges by shares of many calls. Here one call that hangs is enough: an append takes
//! milliseconds in health, and an append that hangs would make every caller wait as long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::topic::PartitionId;
use tokio::time::Instant;

/// How long an append may take before it counts as hanging, and its caller is answered.
const HANGS_AFTER: Duration = Duration::from_secs(1);
/// How long the caller waits whose append shows whether a log that hung answers again.
const PROBES_FOR: Duration = Duration::from_millis(5);
/// After so long without another try, a log that hung is no more suspect than any.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// The appends under way.
#[derive(Clone)]
pub(super) struct Gate(Arc<Mutex<UnderWay>>);

struct UnderWay {
    next: u64,
    /// When each began, and for which partition, in the order of their beginning.
    calls: BTreeMap<u64, (Instant, PartitionId)>,
    answered_at: Instant,
    /// Partitions whose last append hung and came to nothing, and when it did.
    hung: BTreeMap<PartitionId, Instant>,
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
            hung: BTreeMap::new(),
        })))
    }

    /// A place among the appends under way.
    ///
    /// # Errors
    /// An append to one of the partitions hangs, or is the first after one that did; or to any partition,
    /// and none has been answered for as long, so that it is not one partition's trouble.
    pub(super) fn enter(&self, partition_ids: &[PartitionId]) -> Result<Entered, Hangs> {
        let mut under_way = self.lock();
        let now = Instant::now();
        let none_answered = now - under_way.answered_at > HANGS_AFTER;
        let concerns =
            |partition_id: &PartitionId| none_answered || partition_ids.contains(partition_id);
        let mut hung = under_way.hung.iter();
        let probes = hung
            .any(|(partition_id, ended)| now - *ended < FORGOTTEN_AFTER && concerns(partition_id));
        for (began, partition_id) in under_way.calls.values() {
            let since = now - *began;
            if since <= HANGS_AFTER && !probes {
                break;
            }
            if concerns(partition_id) {
                return Err(Hangs { since });
            }
        }
        let mut calls = Vec::with_capacity(partition_ids.len());
        for partition_id in partition_ids {
            let call = under_way.next;
            under_way.next += 1;
            under_way.calls.insert(call, (now, *partition_id));
            calls.push(call);
        }
        drop(under_way);
        Ok(Entered {
            gate: self.clone(),
            calls,
            patience: if probes { PROBES_FOR } else { HANGS_AFTER },
        })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Released when the append has ended, or its caller no longer waits.
pub(super) struct Entered {
    gate: Gate,
    calls: Vec<u64>,
    /// How long the caller is to wait.
    pub(super) patience: Duration,
}

impl Entered {
    /// The log has answered.
    pub(super) fn answered(self) {
        let mut under_way = self.gate.lock();
        let now = Instant::now();
        if now - under_way.answered_at > HANGS_AFTER {
            // It was the log that hung, not a partition.
            under_way.hung.clear();
        }
        under_way.answered_at = now;
        for call in &self.calls {
            if let Some((_, partition_id)) = under_way.calls.remove(call) {
                under_way.hung.remove(&partition_id);
            }
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut under_way = self.gate.lock();
        for call in &self.calls {
            if let Some((began, partition_id)) = under_way.calls.remove(call)
                && began.elapsed() > HANGS_AFTER
            {
                under_way.hung.insert(partition_id, Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Gate, HANGS_AFTER, Instant, PROBES_FOR, PartitionId};

    fn partition_id(partition: u16) -> PartitionId {
        PartitionId {
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
        let first = gate.enter(&[partition_id(1)]).unwrap();
        pass(900).await;
        let second = gate.enter(&[partition_id(2)]).unwrap();
        pass(200).await;
        for other in 0..4 {
            assert!(gate.enter(&[partition_id(other)]).is_err());
        }
        first.answered();
        assert!(gate.enter(&[partition_id(1)]).is_ok());
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn partition_that_hangs_alone_is_refused_alone() {
        let gate = Gate::new();
        let hangs = gate.enter(&[partition_id(1)]).unwrap();
        for _ in 0..30 {
            pass(100).await;
            gate.enter(&[partition_id(2)]).unwrap().answered();
        }
        assert!(gate.enter(&[partition_id(1)]).is_err());
        assert!(gate.enter(&[partition_id(2), partition_id(1)]).is_err());
        assert!(gate.enter(&[partition_id(2)]).is_ok());
        drop(hangs);
        let probe = gate.enter(&[partition_id(1)]).unwrap();
        assert_eq!(probe.patience, PROBES_FOR);
        assert!(gate.enter(&[partition_id(1)]).is_err());
        assert_eq!(
            gate.enter(&[partition_id(2)]).unwrap().patience,
            HANGS_AFTER
        );
        probe.answered();
        assert_eq!(
            gate.enter(&[partition_id(1)]).unwrap().patience,
            HANGS_AFTER
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_shows_whether_a_log_that_hung_answers_again() {
        let gate = Gate::new();
        let hangs = [1, 2].map(|partition| gate.enter(&[partition_id(partition)]).unwrap());
        pass(30_000).await;
        drop(hangs);
        for _ in 0..3 {
            let probe = gate.enter(&[partition_id(3)]).unwrap();
            assert_eq!(probe.patience, PROBES_FOR);
            pass(5).await;
            assert!(gate.enter(&[partition_id(1)]).is_err());
            pass(30_000).await;
            drop(probe);
        }
        pass(4_000).await;
        gate.enter(&[partition_id(4)]).unwrap().answered();
        for partition in 1..4 {
            let entered = gate.enter(&[partition_id(partition)]).unwrap();
            assert_eq!(entered.patience, HANGS_AFTER);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn first_caller_long_after_a_hang_is_waited_for_like_any() {
        let gate = Gate::new();
        let hangs = gate.enter(&[partition_id(1)]).unwrap();
        pass(30_000).await;
        drop(hangs);
        pass(9_000).await;
        assert_eq!(gate.enter(&[partition_id(1)]).unwrap().patience, PROBES_FOR);
        pass(1_000).await;
        assert_eq!(
            gate.enter(&[partition_id(1)]).unwrap().patience,
            HANGS_AFTER
        );
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_log_is_not_taken_for_one_that_hangs() {
        let gate = Gate::new();
        pass(60_000).await;
        let entered = gate.enter(&[partition_id(1)]).unwrap();
        pass(500).await;
        assert!(gate.enter(&[partition_id(1)]).is_ok());
        drop(entered);
    }

    #[tokio::test(start_paused = true)]
    async fn call_whose_caller_no_longer_waits_counts_for_nothing() {
        let gate = Gate::new();
        drop(gate.enter(&[partition_id(1)]).unwrap());
        pass(5_000).await;
        assert!(gate.enter(&[partition_id(1)]).is_ok());
    }
}
