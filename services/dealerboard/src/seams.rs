//! The real clock and the real randomness: the only place either is read.

use kernel::Timestamp;
use kernel::port::{Clock, Ids};
use uuid::Uuid;

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

pub(crate) struct SystemIds;

impl Ids for SystemIds {
    fn ordered(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }
}
