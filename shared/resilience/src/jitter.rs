//! Repeatable randomness for waiting times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// `SplitMix64` (Steele, Lea, Flood 2014): its state is a mere counter, so threads can share it
/// without a lock and a seed still fixes the multiset of draws.
#[derive(Debug)]
pub(crate) struct Jitter(AtomicU64);

/// The odd number nearest to 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// `middle`, moved by up to `percent` (at most 100) to either side.
    pub(crate) fn around(&self, middle: Duration, percent: u32) -> Duration {
        let least = middle * (100 - percent.min(100)) / 100;
        let span = middle * (2 * percent.min(100)) / 100;
        least + self.up_to(span)
    }

    /// Anything from nothing to `most`, in steps of a nanosecond.
    pub(crate) fn up_to(&self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        // The bias of a modulus over 2^64 is below 10^-6 for any wait of less than five hours.
        Duration::from_nanos(self.draw() % nanos.saturating_add(1))
    }

    fn draw(&self) -> u64 {
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Jitter};

    /// First outputs of the reference C implementation for seed 1234567.
    #[test]
    fn draws_agree_with_the_published_generator() {
        let jitter = Jitter::new(1_234_567);
        let draws = [jitter.draw(), jitter.draw(), jitter.draw()];
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(draws, published);
    }

    #[test]
    fn around_reaches_both_ends_and_never_passes_them() {
        let (jitter, middle) = (Jitter::new(1), Duration::from_secs(10));
        let waits: Vec<_> = (0..10_000).map(|_| jitter.around(middle, 20)).collect();
        let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
        assert!(least >= Duration::from_secs(8) && least < Duration::from_millis(8_010));
        assert!(most <= Duration::from_secs(12) && most > Duration::from_millis(11_990));
    }

    #[test]
    fn nothing_to_draw_from_gives_nothing() {
        assert_eq!(Jitter::new(7).up_to(Duration::ZERO), Duration::ZERO);
    }
}
