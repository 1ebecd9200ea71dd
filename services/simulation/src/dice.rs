//! Numbers that only a seed decides.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range. Its lowest come up more often, by less than one in 2^32.
    pub(crate) fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        let width = u64::from(range.end() - range.start()) + 1;
        let offset = u32::try_from(self.next() % width);
        range.start() + offset.expect("a remainder by at most 2^32 fits 32 bits")
    }

    /// True once in so many.
    pub(crate) fn once_in(&mut self, many: u32) -> bool {
        self.within(1..=many) == 1
    }

    /// A time until the next event of a Poisson process, in the unit of the mean: exponential, by
    /// inversion.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        // 53 bits, so that the quotient is exact; never 0, whose logarithm there is not.
        let drawn = (self.next() >> 11) + 1;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
        let share = drawn as f64 / (1_u64 << 53) as f64;
        -share.ln() * mean
    }

    /// A place in a list of so many.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        let last = u32::try_from(length).expect("the lists of a demo day are short") - 1;
        self.within(0..=last) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn exponential_has_its_mean_and_its_median() {
        let mut dice = Dice::new(7);
        let mut drawn: Vec<_> = (0..100_000).map(|_| dice.exponential(180.0)).collect();
        let mean = drawn.iter().sum::<f64>() / 100_000.0;
        drawn.sort_by(f64::total_cmp);
        assert!((mean - 180.0).abs() < 2.0, "{mean}");
        let median = 180.0 * std::f64::consts::LN_2;
        assert!((drawn[50_000] - median).abs() < 2.0, "{}", drawn[50_000]);
    }

    #[test]
    fn dice_follow_the_published_sequence() {
        let mut dice = Dice::new(1_234_567);
        let first = [dice.next(), dice.next(), dice.next()];
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}
