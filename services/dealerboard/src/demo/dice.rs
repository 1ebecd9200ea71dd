//! Numbers that only a seed decides.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
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
    pub(super) fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        let width = u64::from(range.end() - range.start()) + 1;
        let offset = u32::try_from(self.next() % width);
        range.start() + offset.expect("a remainder by at most 2^32 fits 32 bits")
    }

    /// True once in so many.
    pub(super) fn once_in(&mut self, many: u32) -> bool {
        self.within(1..=many) == 1
    }

    /// A place in a list of so many.
    pub(super) fn place(&mut self, length: usize) -> usize {
        let last = u32::try_from(length).expect("the lists of a demo day are short") - 1;
        self.within(0..=last) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

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
