//! A connection for each thread that asks.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use kernel::code::Fault;

use super::link::{Link, RedisOptions};

/// Connections at most; threads beyond that share them.
const LINKS: usize = 16;

/// Links that connect when they are first used.
///
/// A connection is driven by a task of the runtime that made it, and each worker of the gateway is a
/// runtime of one thread. Over one connection for all, every question of every other worker would
/// wake that one, and every answer wake the asker: that took longer than Redis does.
pub(super) struct Links(Vec<Link>);

impl Links {
    /// Each with this deadline; see [`Link::open`].
    pub(super) fn open(
        options: &RedisOptions,
        deadline: std::time::Duration,
    ) -> Result<Self, Fault> {
        let links = (0..LINKS).map(|_| Link::open(options, deadline));
        links.collect::<Result<_, _>>().map(Self)
    }

    /// The link of the calling thread.
    pub(super) fn own(&self) -> &Link {
        let thread = BuildHasherDefault::<Counted>::new().hash_one(std::thread::current().id());
        let place = thread.checked_rem(LINKS as u64).unwrap_or_default();
        &self.0[usize::try_from(place).unwrap_or_default()]
    }
}

/// Thread ids count up, so that they themselves spread threads best.
#[derive(Default)]
struct Counted(u64);

impl Hasher for Counted {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}
