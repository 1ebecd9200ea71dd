//! The window: which events have been taken, and up to where everything that they led to is settled.

use std::collections::{BTreeMap, VecDeque};

use kernel::port::Checkpoint;

/// What was taken of a partition and is not settled yet.
pub(super) struct Window {
    /// Calls by the log position of their event, from the first that has an open one on.
    calls: BTreeMap<u64, Calls>,
    count: usize,
    /// Where the partition stood after each take that is not settled; the last is where it stands.
    taken: VecDeque<Checkpoint>,
}

/// Calls of one event.
#[derive(Clone, Copy, Default)]
struct Calls {
    all: usize,
    open: usize,
}

impl Window {
    pub(super) fn new(done: Checkpoint) -> Self {
        Self {
            calls: BTreeMap::new(),
            count: 0,
            taken: VecDeque::from([done]),
        }
    }

    /// The event there led to a call that is not settled.
    pub(super) fn opens(&mut self, log_position: u64) {
        let calls = self.calls.entry(log_position).or_default();
        calls.all += 1;
        calls.open += 1;
        self.count += 1;
    }

    /// The partition has been taken up to there.
    pub(super) fn takes(&mut self, seen: Checkpoint) {
        let last = self.calls.last_key_value().map_or(0, |(last, _)| *last);
        match self.taken.back_mut() {
            // No call lies between the two.
            Some(before) if last <= before.log_position => *before = seen,
            _ => self.taken.push_back(seen),
        }
    }

    /// A call of the event there has its command in the log, or is parked.
    pub(super) fn settles(&mut self, log_position: u64) {
        if let Some(calls) = self.calls.get_mut(&log_position) {
            calls.open = calls.open.saturating_sub(1);
        }
        while let Some(first) = self.calls.first_entry()
            && first.get().open == 0
        {
            self.count -= first.remove().all;
        }
    }

    /// Calls that a crash would repeat: open ones, and those behind one that is open.
    pub(super) fn calls(&self) -> usize {
        self.count
    }

    /// Up to where everything is settled. Its offset may be lower than that of the event behind it: what
    /// lies between was seen, and is dropped by its log position.
    pub(super) fn settled(&mut self) -> Checkpoint {
        let last = *self.taken.back().expect("the last take is never dropped");
        let Some((&first, _)) = self.calls.first_key_value() else {
            self.taken.drain(..self.taken.len() - 1);
            return last;
        };
        while self.taken.len() > 1 && self.taken[1].log_position < first {
            self.taken.pop_front();
        }
        let before = self.taken[0];
        Checkpoint {
            log_position: before.log_position.max(first - 1),
            next_offset: before.next_offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn at(log_position: u64, next_offset: i64) -> Checkpoint {
        Checkpoint {
            log_position,
            next_offset,
        }
    }

    #[test]
    fn settled_stands_before_the_first_open_call() {
        let mut window = Window::new(at(3, 30));
        window.opens(5);
        window.opens(5);
        window.opens(8);
        window.takes(at(10, 100));
        assert_eq!((window.settled(), window.calls()), (at(4, 30), 3));
        window.settles(5);
        window.settles(8);
        assert_eq!((window.settled(), window.calls()), (at(4, 30), 3));
        window.settles(5);
        assert_eq!((window.settled(), window.calls()), (at(10, 100), 0));
    }

    proptest! {
        /// Three offsets per event, whatever stands between them.
        #[test]
        fn settled_never_passes_an_open_call_and_never_goes_back(
            takes in vec((1..5_usize, vec(any::<bool>(), 5)), 1..20),
            order in vec(any::<usize>(), 100),
        ) {
            let (mut window, mut seen) = (Window::new(at(0, 0)), 0);
            let (mut open, mut all, mut order) = (Vec::new(), Vec::new(), order.into_iter());
            let mut last = at(0, 0);
            for (events, leads) in takes {
                for leads in leads.iter().take(events) {
                    seen += 1;
                    if *leads {
                        window.opens(seen);
                        open.push(seen);
                        all.push(seen);
                    }
                }
                window.takes(at(seen, seen.cast_signed() * 3));
                if let Some(which) = order.next().filter(|_| !open.is_empty()) {
                    window.settles(open.swap_remove(which % open.len()));
                }
                let settled = window.settled();
                prop_assert!(open.iter().all(|open| *open > settled.log_position));
                prop_assert!(settled.next_offset <= settled.log_position.cast_signed() * 3);
                prop_assert!(settled.log_position >= last.log_position);
                prop_assert!(settled.next_offset >= last.next_offset);
                let first = open.iter().min().copied().unwrap_or(u64::MAX);
                let behind = all.iter().filter(|call| **call >= first).count();
                prop_assert_eq!(window.calls(), behind);
                prop_assert!(window.taken.len() <= behind + 1);
                last = settled;
            }
            while let Some(settled) = open.pop() {
                window.settles(settled);
            }
            prop_assert_eq!(window.settled(), at(seen, seen.cast_signed() * 3));
        }
    }
}
