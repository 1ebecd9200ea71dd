//! Numbers for names, so that keys are small. Which number a name has depends on the order of
//! arrival and never leaves the process.

use std::hash::Hash;

use crate::shards::Shards;

#[derive(Clone, Debug)]
pub(crate) struct Names<N> {
    numbers: Shards<N, u32>,
    next: u32,
}

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self {
            numbers: Shards::default(),
            next: 0,
        }
    }
}

impl<N: Hash + Eq + Clone> Names<N> {
    /// The name's number; a new one if it has none.
    pub(crate) fn number(&mut self, name: &N) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        self.numbers.insert(name.clone(), number);
        number
    }

    pub(crate) fn find(&self, name: &N) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// In no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&N, u32)> {
        self.numbers.iter().map(|(name, number)| (name, *number))
    }
}
