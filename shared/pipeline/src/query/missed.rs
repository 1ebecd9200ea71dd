//! What the models gave and was not good enough.

use std::time::Duration;

use kernel::port::ViewValue;

use super::BEHIND_AFTER;

/// What was asked for, and what the models gave that was not good enough.
pub(super) struct Missed {
    /// The log position that the answer must have seen.
    pub(super) least: u64,
    pub(super) max_age: Option<Duration>,
    pub(super) degraded: Vec<&'static str>,
    /// The newest value, the model that gave it, and how old it is at most, if that is known.
    pub(super) value: Option<(ViewValue, &'static str, Option<Duration>)>,
}

impl Missed {
    pub(super) fn new(least: u64, max_age: Option<Duration>) -> Self {
        Self {
            least,
            max_age,
            degraded: Vec::new(),
            value: None,
        }
    }

    pub(super) fn allows(&self, age: Duration) -> bool {
        self.max_age
            .is_none_or(|most| age <= most.max(BEHIND_AFTER))
    }

    pub(super) fn value(&mut self, value: ViewValue, source: &'static str, age: Option<Duration>) {
        self.degraded.push(source);
        let known = self.value.as_ref();
        if known.is_none_or(|(known, ..)| known.version < value.version) {
            self.value = Some((value, source, age));
        }
    }
}
