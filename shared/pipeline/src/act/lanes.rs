//! Lanes: the jobs of one key one after the other, those of different keys side by side.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Jobs that wait, by key. It holds a lane for every key of which a job is under way or waits.
pub(super) struct Lanes<J> {
    lanes: HashMap<Arc<str>, VecDeque<J>>,
    /// Keys of which no job is under way and one waits, those that came first in front.
    ready: VecDeque<Arc<str>>,
}

impl<J> Default for Lanes<J> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
        }
    }
}

impl<J> Lanes<J> {
    /// Puts a job behind those of its key.
    pub(super) fn push(&mut self, key: &Arc<str>, job: J) {
        if let Some(lane) = self.lanes.get_mut(key) {
            return lane.push_back(job);
        }
        self.lanes.insert(Arc::clone(key), VecDeque::from([job]));
        self.ready.push_back(Arc::clone(key));
    }

    /// A job that may begin: its key has none under way until it is [left](Self::leave) or
    /// [closed](Self::close).
    pub(super) fn begin(&mut self) -> Option<J> {
        let key = self.ready.pop_front()?;
        self.lanes.get_mut(&key)?.pop_front()
    }

    /// The job of the key that was under way is done: the next may begin.
    pub(super) fn leave(&mut self, key: &Arc<str>) {
        match self.lanes.get(key) {
            Some(lane) if lane.is_empty() => drop(self.lanes.remove(key)),
            Some(_) => self.ready.push_back(Arc::clone(key)),
            None => {}
        }
    }

    /// The job of the key that was under way is not done: gives back those behind it, in order.
    pub(super) fn close(&mut self, key: &Arc<str>) -> VecDeque<J> {
        self.lanes.remove(key).unwrap_or_default()
    }

    /// Whether a job of the key is under way or waits.
    pub(super) fn has(&self, key: &str) -> bool {
        self.lanes.contains_key(key)
    }

    /// Whether a job may begin.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Push(u8),
        Begin,
        /// Of those under way, the one with this number.
        Leave(usize),
        Close(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..4_u8).prop_map(Step::Push),
            proptest::strategy::Just(Step::Begin),
            any::<usize>().prop_map(Step::Leave),
            any::<usize>().prop_map(Step::Close),
        ]
    }

    fn key(key: u8) -> Arc<str> {
        format!("demo/A-{key}").into()
    }

    proptest! {
        /// Against one list of what was pushed: no job is lost, none begins beside another of its
        /// key, and each begins when those before it are gone.
        #[test]
        fn jobs_of_a_key_begin_in_order_and_one_at_a_time(steps in vec(step(), 0..200)) {
            let mut lanes = Lanes::default();
            let mut waiting: BTreeMap<u8, VecDeque<usize>> = BTreeMap::new();
            let mut under_way: Vec<(u8, usize)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(of) => {
                        lanes.push(&key(of), (of, number));
                        waiting.entry(of).or_default().push_back(number);
                    }
                    Step::Begin => {
                        let busy = |of: &u8| under_way.iter().any(|(busy, _)| busy == of);
                        let may = waiting.iter().any(|(of, jobs)| !jobs.is_empty() && !busy(of));
                        let begun = lanes.begin();
                        prop_assert_eq!(begun.is_some(), may);
                        if let Some((of, number)) = begun {
                            prop_assert!(!busy(&of));
                            let first = waiting.get_mut(&of).and_then(VecDeque::pop_front);
                            prop_assert_eq!(first, Some(number));
                            under_way.push((of, number));
                        }
                    }
                    Step::Leave(which) if !under_way.is_empty() => {
                        let (of, _) = under_way.swap_remove(which % under_way.len());
                        lanes.leave(&key(of));
                    }
                    Step::Close(which) if !under_way.is_empty() => {
                        let (of, _) = under_way.swap_remove(which % under_way.len());
                        let closed: Vec<_> = lanes.close(&key(of)).into_iter().map(|(_, job)| job).collect();
                        let expected: Vec<_> = waiting.remove(&of).into_iter().flatten().collect();
                        prop_assert_eq!(closed, expected);
                    }
                    Step::Leave(_) | Step::Close(_) => {}
                }
                for of in 0..4 {
                    let waits = waiting.get(&of).is_some_and(|jobs| !jobs.is_empty());
                    let runs = under_way.iter().any(|(busy, _)| *busy == of);
                    prop_assert_eq!(lanes.has(&key(of)), waits || runs);
                }
            }
        }
    }
}
