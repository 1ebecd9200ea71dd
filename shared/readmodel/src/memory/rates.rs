use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kernel::code::Fault;
use kernel::port::{Rate, Rates, Taken};

/// Names under one rate before those that are at rest are forgotten.
const NAMES_MAX: usize = 10_000;

/// The rates of one process.
#[derive(Default)]
pub struct MemoryRates {
    limiters: Mutex<HashMap<Rate, Arc<DefaultKeyedRateLimiter<Box<str>>>>>,
    clock: DefaultClock,
}

impl MemoryRates {
    fn limiter(&self, rate: Rate) -> Arc<DefaultKeyedRateLimiter<Box<str>>> {
        // A panic under the lock cannot leave half a limiter.
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry(rate).or_insert_with(|| {
            let quota = Quota::per_second(positive(rate.per_second));
            Arc::new(RateLimiter::keyed(quota.allow_burst(positive(rate.burst))))
        });
        Arc::clone(limiter)
    }
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

#[async_trait]
impl Rates for MemoryRates {
    async fn take(&self, name: &str, rate: Rate, wanted: u32) -> Result<Taken, Fault> {
        let limiter = self.limiter(rate);
        if limiter.len() > NAMES_MAX {
            limiter.retain_recent();
        }
        let name: Box<str> = name.into();
        // All or nothing is what a limiter gives: half as many, until it is one.
        let mut wanted = wanted.clamp(1, rate.burst.max(1));
        loop {
            match limiter.check_key_n(&name, positive(wanted)) {
                Ok(Ok(())) => return Ok(Taken::Granted(wanted)),
                Ok(Err(until)) if wanted == 1 => {
                    let wait = until.wait_time_from(self.clock.now());
                    return Ok(Taken::After(wait.max(Duration::from_micros(1))));
                }
                _ => wanted = (wanted / 2).max(1),
            }
        }
    }
}
