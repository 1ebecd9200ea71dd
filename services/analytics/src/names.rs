//! Numbers for names, so that keys are small. Which number a name has depends on the order of
//! arrival and never leaves the process.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Clone, Debug)]
pub(crate) struct Names<N>(HashMap<N, u32>);

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<N: Hash + Eq + Clone> Names<N> {
    /// The name's number; a new one if it has none.
    pub(crate) fn number(&mut self, name: &N) -> u32 {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.clone(), number);
        number
    }

    pub(crate) fn find(&self, name: &N) -> Option<u32> {
        self.0.get(name).copied()
    }
}
