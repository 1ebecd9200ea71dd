//! Since when each read model is known to have seen everything.
//!
//! A view's checkpoint lives with its values and moves with them. Compared with where the events ended at a
//! moment, it shows whether a partition was current then, whichever process keeps it so. Nothing is
//! written for this, and a projector that is away cannot make its model look current.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::port::{Checkpoint, ViewId};
use kernel::topic::PartitionId;
use tokio::time::Instant;

/// Moments remembered; when there are more, every other one is forgotten, so that a view which is
/// hours behind is still distinguished from one that is stalled.
const MOMENTS_MAX: usize = 128;
/// In the place of a moment: never, since this process began.
const NEVER: u64 = 0;

/// A view, and the context whose events it folds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    pub(super) view: ViewId,
    pub(super) of: &'static str,
}

/// The marks of one model, per view and partition. Readers take them without a lock.
pub(super) struct Marks {
    began: Instant,
    views: Vec<Marked>,
    partitions: u16,
    /// When everything had been seen, last: microseconds since the beginning.
    current_at: Vec<AtomicU64>,
    /// The log position seen when it was last looked at.
    seen: Vec<AtomicU64>,
}

impl Marks {
    pub(super) fn new(views: Vec<Marked>, partitions: u16) -> Self {
        let places = views.len() * usize::from(partitions);
        let zeros = || (0..places).map(|_| AtomicU64::new(NEVER)).collect();
        Self {
            // So that no moment is the first microsecond, which means never.
            began: Instant::now() - Duration::from_micros(1),
            views,
            partitions,
            current_at: zeros(),
            seen: zeros(),
        }
    }

    /// What is looked at, in the order in which [`Self::note`] receives it.
    pub(super) fn asked(&self) -> Vec<(ViewId, u16)> {
        let views = self.views.iter();
        let asked = views.flat_map(|Marked { view, .. }| {
            (0..self.partitions).map(move |partition| (*view, partition))
        });
        asked.collect()
    }

    /// Longest time since the partition's values were known to be current; none when they never were.
    pub(super) fn age(&self, view: ViewId, partition: u16) -> Option<Duration> {
        let place = self.place(view)? + usize::from(partition);
        self.age_at(place)
    }

    /// The same for all values of the view.
    pub(super) fn age_of_all(&self, view: ViewId) -> Option<Duration> {
        let first = self.place(view)?;
        let mut oldest = Duration::ZERO;
        for place in first..first + usize::from(self.partitions) {
            oldest = oldest.max(self.age_at(place)?);
        }
        Some(oldest)
    }

    /// Compares what the model has seen with what there was at the moments that are remembered.
    pub(super) fn note(&self, seen: &[Checkpoint], ends: &Ends) {
        let partitions = usize::from(self.partitions);
        let places = self.current_at.iter().zip(&self.seen).zip(seen).enumerate();
        for (place, ((current_at, seen_before), checkpoint)) in places {
            let Some(Marked { of, .. }) = self.views.get(place / partitions) else {
                continue;
            };
            let partition_id = PartitionId {
                context: of,
                partition: u16::try_from(place % partitions).unwrap_or(u16::MAX),
            };
            let before = seen_before.swap(checkpoint.log_position, Ordering::Relaxed);
            // Lost, cleared or restored: what was known of it is no longer true.
            if checkpoint.log_position < before {
                current_at.store(NEVER, Ordering::Relaxed);
            }
            if let Some(at) = ends.last_reached_by(partition_id, checkpoint.log_position) {
                let micros = at.duration_since(self.began).as_micros();
                let micros = u64::try_from(micros).unwrap_or(u64::MAX);
                current_at.fetch_max(micros, Ordering::Relaxed);
            }
        }
    }

    fn place(&self, view: ViewId) -> Option<usize> {
        let place = self.views.iter().position(|marked| marked.view == view)?;
        Some(place * usize::from(self.partitions))
    }

    fn age_at(&self, place: usize) -> Option<Duration> {
        let at = self.current_at.get(place)?.load(Ordering::Relaxed);
        (at != NEVER).then(|| {
            self.began
                .elapsed()
                .saturating_sub(Duration::from_micros(at))
        })
    }
}

/// Where the events ended, at some moments of the past.
#[derive(Default)]
pub(super) struct Ends(VecDeque<Moment>);

struct Moment {
    at: Instant,
    heads: HashMap<PartitionId, u64>,
}

impl Ends {
    /// At that time, before the store was asked, there were so many or fewer.
    pub(super) fn note(&mut self, at: Instant, heads: Vec<(PartitionId, u64)>) {
        if self.0.len() >= MOMENTS_MAX {
            let mut keep = false;
            self.0.retain(|_| {
                keep = !keep;
                keep
            });
        }
        let heads = heads.into_iter().collect();
        self.0.push_back(Moment { at, heads });
    }

    /// The heads of the last moment before that one; of the first there is, if none was before.
    pub(super) fn at(&self, at: Instant) -> Option<&HashMap<PartitionId, u64>> {
        let mut moments = self.0.iter().rev();
        let before = moments.find(|moment| moment.at <= at);
        before
            .or_else(|| self.0.front())
            .map(|moment| &moment.heads)
    }

    /// The last of the moments up to which a reader at that log position had seen everything.
    fn last_reached_by(&self, partition_id: PartitionId, log_position: u64) -> Option<Instant> {
        let head = |moment: &Moment| moment.heads.get(&partition_id).copied().unwrap_or_default();
        let mut moments = self.0.iter().rev();
        let reached = moments.find(|moment| head(moment) <= log_position)?;
        Some(reached.at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Checkpoint, Duration, Ends, Instant, Marked, Marks, PartitionId, ViewId};

    const VIEW: ViewId = ViewId {
        name: "trade",
        version: 1,
    };

    fn marks() -> Marks {
        let of = "trades";
        Marks::new(vec![Marked { view: VIEW, of }], 2)
    }

    fn partition_id(partition: u16) -> PartitionId {
        let context = "trades";
        PartitionId { context, partition }
    }

    fn seen(log_positions: [u64; 2]) -> [Checkpoint; 2] {
        log_positions.map(|log_position| Checkpoint {
            log_position,
            next_offset: 0,
        })
    }

    /// One look: the heads, and how far the view has seen them.
    fn look(marks: &Marks, ends: &mut Ends, heads: [u64; 2], log_positions: [u64; 2]) {
        let heads = [(partition_id(0), heads[0]), (partition_id(1), heads[1])];
        ends.note(Instant::now(), heads.to_vec());
        marks.note(&seen(log_positions), ends);
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    fn ages(marks: &Marks) -> [Option<u64>; 2] {
        [0, 1].map(|partition| Some(marks.age(VIEW, partition)?.as_secs()))
    }

    #[tokio::test(start_paused = true)]
    async fn partition_has_no_age_before_it_was_current_once() {
        let (marks, mut ends) = (marks(), Ends::default());
        assert_eq!(ages(&marks), [None, None]);
        look(&marks, &mut ends, [5, 0], [4, 0]);
        assert_eq!(ages(&marks), [None, Some(0)]);
        assert_eq!(marks.age_of_all(VIEW), None);
        look(&marks, &mut ends, [5, 0], [5, 0]);
        assert_eq!(ages(&marks), [Some(0), Some(0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn age_grows_while_a_projector_is_away_and_no_longer() {
        let (marks, mut ends) = (marks(), Ends::default());
        look(&marks, &mut ends, [5, 5], [5, 5]);
        for _ in 0..12 {
            pass(1).await;
            look(&marks, &mut ends, [9, 5], [5, 5]);
        }
        assert_eq!(ages(&marks), [Some(12), Some(0)]);
        assert_eq!(marks.age_of_all(VIEW), Some(Duration::from_secs(12)));
        look(&marks, &mut ends, [9, 5], [9, 5]);
        assert_eq!(ages(&marks), [Some(0), Some(0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn model_that_is_always_a_little_behind_is_that_old() {
        let (marks, mut ends) = (marks(), Ends::default());
        for second in 0..500 {
            let head = 10 * second;
            look(&marks, &mut ends, [head, 0], [head.saturating_sub(15), 0]);
            pass(1).await;
        }
        assert_eq!(ages(&marks), [Some(3), Some(1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn model_that_is_far_behind_never_looks_younger_and_at_most_twice_as_old() {
        let (marks, mut ends) = (marks(), Ends::default());
        for second in 0..10_000 {
            look(&marks, &mut ends, [second, 0], [second / 2, 0]);
            pass(1).await;
        }
        let age = marks.age(VIEW, 0).unwrap().as_secs();
        assert!((5_000..10_000).contains(&age), "{age}");
    }

    #[tokio::test(start_paused = true)]
    async fn model_that_has_lost_what_it_had_seen_is_not_believed() {
        let (marks, mut ends) = (marks(), Ends::default());
        look(&marks, &mut ends, [5, 5], [5, 5]);
        look(&marks, &mut ends, [6, 5], [3, 5]);
        assert_eq!(ages(&marks), [None, Some(0)]);
    }
}
