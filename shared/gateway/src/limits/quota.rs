//! How much is admitted.

use std::num::NonZeroU32;

use kernel::port::Rate;

use super::Class;

/// So many requests per second, and as many at once after a second's rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota(NonZeroU32);

impl Quota {
    pub(super) fn per_second(self) -> u32 {
        self.0.get()
    }

    pub(super) fn rate(self) -> Rate {
        Rate {
            per_second: self.0.get(),
            burst: self.0.get(),
        }
    }

    /// What one gateway takes at once: a fiftieth of a second's, so that what it holds when another one
    /// needs it is little, and the shared count is asked 50 times a second at most.
    pub(super) fn share(self) -> u32 {
        (self.0.get() / 50).max(1)
    }
}

/// Of both classes of requests; 0 is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    commands: Option<Quota>,
    reads: Option<Quota>,
}

impl Quotas {
    /// Per second.
    #[must_use]
    pub fn new(commands: u32, reads: u32) -> Self {
        let quota = |number| NonZeroU32::new(number).map(Quota);
        Self {
            commands: quota(commands),
            reads: quota(reads),
        }
    }

    pub(super) fn of(&self, class: Class) -> Option<Quota> {
        match class {
            Class::Command => self.commands,
            Class::Read => self.reads,
        }
    }
}
