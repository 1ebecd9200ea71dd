//! For any numbers across the whole range, the result is that of integers without a bound.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use num_bigint::BigUint;
use proptest::prelude::*;

use super::Decimal;
use super::oracle::Oracle;

/// As many small numbers as large ones, some next to a power of two or ten, some with trailing zeros.
fn magnitude() -> impl Strategy<Value = BigUint> {
    let bits = (any::<[u64; 4]>(), 0_u32..=256).prop_map(|(limbs, kept)| {
        let bytes: Vec<u8> = limbs.into_iter().flat_map(u64::to_le_bytes).collect();
        BigUint::from_bytes_le(&bytes) >> (256 - kept)
    });
    let edge = (0_u32..=256, 0_u32..=2).prop_map(|(bit, less)| {
        let edge = BigUint::from(1_u32) << bit;
        if edge < less.into() {
            edge
        } else {
            edge - less
        }
    });
    let zeros = (any::<u64>(), 0_u32..=57)
        .prop_map(|(n, zeros)| BigUint::from(n) * BigUint::from(10_u32).pow(zeros));
    let ten =
        (0_u32..=77, 0_u32..=1).prop_map(|(zeros, less)| BigUint::from(10_u32).pow(zeros) - less);
    let desk = (0_u64..10_000_000_000).prop_map(BigUint::from);
    prop_oneof![3 => bits, 1 => edge, 2 => zeros, 1 => ten, 2 => desk]
        .prop_filter("256 bits", |magnitude| magnitude.bits() <= 256)
}

fn scale() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0_u32..=9, 2 => 0_u32..=36, 1 => 0_u32..=77, 1 => Just(77)]
}

fn number() -> impl Strategy<Value = Oracle> {
    (any::<bool>(), magnitude(), scale())
        .prop_map(|(negative, magnitude, scale)| Oracle::new(negative, magnitude, scale))
}

fn read(number: &Oracle) -> Decimal {
    number.text().parse().unwrap()
}

fn hash(number: Decimal) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn text_reads_back_as_written(number in number()) {
        let (text, decimal) = (number.text(), read(&number));
        prop_assert_eq!(decimal.to_string(), &text[..]);
        let written = serde_json::to_string(&decimal).unwrap();
        prop_assert_eq!(&written, &format!("\"{text}\""));
        let back: Decimal = serde_json::from_str(&written).unwrap();
        prop_assert_eq!((back, back.scale()), (decimal, decimal.scale()));
        prop_assert_eq!(decimal.normalized().to_string(), number.normalized().text());
    }

    #[test]
    fn text_is_read_only_where_it_fits(digits in "-?[0-9]{60,90}", places in 0_usize..90) {
        let at = digits.len().saturating_sub(places).max(2);
        let text = if at < digits.len() { format!("{}.{}", &digits[..at], &digits[at..]) } else { digits.clone() };
        let magnitude: BigUint = digits.trim_start_matches('-').parse().unwrap();
        let fits = magnitude.bits() <= 256 && digits.len() - at <= 77;
        prop_assert_eq!(text.parse::<Decimal>().is_ok(), fits);
    }

    #[test]
    fn sum_and_difference_are_exact_or_refused(a in number(), b in number()) {
        let (left, right) = (read(&a), read(&b));
        prop_assert_eq!(left.plus(right), a.plus(&b).decimal());
        prop_assert_eq!(left.minus(right), a.minus(&b).decimal());
    }

    #[test]
    fn product_is_exact_or_refused(a in number(), b in number()) {
        prop_assert_eq!(read(&a).times(read(&b)), a.times(&b).decimal());
    }

    #[test]
    fn quotient_is_right_to_the_last_digit(a in number(), b in number(), places in scale()) {
        prop_assume!(!b.is_zero());
        prop_assert_eq!(read(&a).over(read(&b), places), a.over(&b, places).decimal());
    }

    #[test]
    fn quotient_of_a_product_is_right_to_the_last_digit(a in number(), b in number(), c in number(), places in scale()) {
        prop_assume!(!c.is_zero());
        let quotient = read(&a).times_over(read(&b), read(&c), places);
        prop_assert_eq!(quotient, a.times(&b).over(&c, places).decimal());
    }

    #[test]
    fn rounded_is_the_nearest_or_the_even_one(a in number(), places in scale()) {
        let rounded = read(&a).rounded(places);
        prop_assert_eq!(rounded.to_string(), a.rounded(places).text());
    }

    #[test]
    fn order_is_that_of_the_numbers(a in number(), b in number()) {
        prop_assert_eq!(read(&a).cmp(&read(&b)), a.compare(&b));
        prop_assert_eq!(read(&a) == read(&b), a.compare(&b).is_eq());
    }

    #[test]
    fn equal_numbers_have_one_hash(a in number()) {
        let (written, normalized) = (read(&a), read(&a.normalized()));
        prop_assert_eq!(written, normalized);
        prop_assert_eq!(hash(written), hash(normalized));
    }
}
