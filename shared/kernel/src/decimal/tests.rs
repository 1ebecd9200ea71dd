use super::{Decimal, Inexact};

mod laws;
mod oracle;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A one and as many zeros.
fn ten_to(zeros: usize) -> String {
    format!("1{}", "0".repeat(zeros))
}

#[test]
fn half_even_rounds_to_the_even_neighbour() {
    for (from, places, to) in [
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("2.5", 0, "2"),
        ("3.5", 0, "4"),
        ("-0.125", 2, "-0.12"),
        ("-0.001", 2, "0.00"),
        ("0.995", 2, "1.00"),
        ("1.5", 3, "1.5"),
        (
            "0.00000000000000000000000000000000000000000000000001",
            2,
            "0.00",
        ),
    ] {
        assert_eq!(d(from).rounded(places).to_string(), to, "{from}");
    }
}

#[test]
fn quotient_rounds_half_to_even() {
    for (dividend, divisor, places, expected) in [
        ("1", "8", 2, "0.12"),
        ("3", "8", 2, "0.38"),
        ("-1", "8", 2, "-0.12"),
        ("5", "2", 0, "2"),
        ("10", "4", 8, "2.5"),
        ("1000", "10", 0, "100"),
        ("100", "3", 4, "33.3333"),
        ("2", "3", 77, &format!("0.{}7", "6".repeat(76))),
        ("-0.001", "1", 2, "0"),
    ] {
        let quotient = d(dividend).over(d(divisor), places).unwrap();
        assert_eq!(quotient.to_string(), expected, "{dividend} / {divisor}");
    }
}

/// The 28th digit of each quotient is followed by a single 5: rounded there first, and then again,
/// they went the wrong way.
#[test]
fn quotient_is_rounded_once() {
    for (dividend, places, half) in [
        ("1.0000000000000000000000000001", 0, "1"),
        ("0.2500000000000000000000000001", 2, "0.13"),
        ("0.7499999999999999999999999999", 2, "0.37"),
    ] {
        assert_eq!(d(dividend).over(d("2"), places), Ok(d(half)), "{dividend}");
    }
}

#[test]
fn quotient_by_zero_or_at_too_many_places_is_refused() {
    assert_eq!(Decimal::ONE.over(d("0.00"), 2), Err(Inexact));
    assert_eq!(Decimal::ONE.over(d("2"), 78), Err(Inexact));
    assert_eq!(d(&ten_to(76)).over(d("0.01"), 0), Err(Inexact));
}

#[test]
fn product_within_a_quotient_may_be_wider_than_any_decimal() {
    let large = d(&ten_to(76));
    assert_eq!(large.times_over(large, large, 12), Ok(large));
    assert_eq!(large.times_over(large, Decimal::ONE, 12), Err(Inexact));
}

#[test]
fn product_of_two_amounts_of_36_digits_is_exact() {
    let amount = d("999999999999999999.999999999999999999");
    let product = amount.times(amount).unwrap();
    assert_eq!(
        product.to_string(),
        "999999999999999999999999999999999998.000000000000000000000000000000000001"
    );
    assert_eq!(
        product.times(d("1000")).unwrap().to_string(),
        "999999999999999999999999999999999998000.000000000000000000000000000000001000"
    );
    assert_eq!(product.times(amount), Err(Inexact));
}

#[test]
fn sum_that_would_lose_digits_is_refused() {
    let large = d(&ten_to(76));
    let next = format!("1{}1", "0".repeat(75));
    assert_eq!(large.plus(d("1.00")).unwrap().to_string(), next);
    assert_eq!(large.plus(d("0.1")), Ok(d(&format!("{large}.1"))));
    assert_eq!(large.plus(d("0.001")), Err(Inexact));
    assert_eq!(large.minus(large), Ok(Decimal::ZERO));
}

#[test]
fn product_that_would_lose_digits_is_refused() {
    let tiny = d(&format!("0.{}1", "0".repeat(38)));
    assert_eq!(tiny.times(tiny), Err(Inexact));
    assert_eq!(tiny.times(d("100")).unwrap().places(), 37);
    assert_eq!(d("100").times(d("49.1800")), Ok(d("4918")));
}

#[test]
fn largest_magnitude_is_256_bits() {
    let largest = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let next = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    assert_eq!(d(largest).to_string(), largest);
    assert!(next.parse::<Decimal>().is_err());
    assert_eq!(d(largest).plus(Decimal::ONE), Err(Inexact));
    assert_eq!(d(largest).negated().minus(Decimal::ONE), Err(Inexact));
}

#[test]
fn carry_into_a_trailing_zero_is_exact() {
    let largest =
        d("11579208923731619542357098500868790785326998466564056403945758400791312963993.5");
    let sum = largest.plus(d("0.5")).unwrap();
    assert_eq!(
        sum.to_string(),
        "11579208923731619542357098500868790785326998466564056403945758400791312963994"
    );
    let sum = largest.plus(d("0.1")).and_then(|sum| sum.plus(largest));
    assert_eq!(sum, Err(Inexact));
}

#[test]
fn places_are_displayed_as_written_and_do_not_count() {
    assert_eq!(d("1.50").to_string(), "1.50");
    assert_eq!((d("1.50").scale(), d("1.50").places()), (2, 1));
    assert_eq!(d("1.50"), d("1.5"));
    assert_eq!(d("1.50").normalized().to_string(), "1.5");
    assert_eq!(
        format!("[{:>6}] [{:<6}]", d("-1.5"), d("1.5")),
        "[  -1.5] [1.5   ]"
    );
}

#[test]
fn zero_has_no_sign() {
    for text in ["-0", "-0.00", &format!("-0.{}", "0".repeat(40))] {
        assert_eq!(d(text), Decimal::ZERO);
        assert_eq!(d(text).to_string(), text[1..]);
    }
    assert_eq!(Decimal::ZERO.negated().to_string(), "0");
    assert_eq!(d("0").times(d("-3.5")).unwrap().to_string(), "0");
    assert!(!d("-0").is_negative() && !d("0").is_positive());
}

#[test]
fn only_plain_decimals_are_read() {
    let long = "1".repeat(40);
    for text in [
        "", "-", "+1", "1_000", ".5", "5.", "1e3", "NaN", "--1", "1.2.3", " 1", "1 ", "-.5", "１",
    ] {
        assert!(text.parse::<Decimal>().is_err(), "{text}");
        assert!(
            format!("{long}{text}.{text}").parse::<Decimal>().is_err(),
            "{text}"
        );
    }
}

#[test]
fn text_of_more_digits_than_there_are_is_refused() {
    let places = |n| format!("0.{}", "1".repeat(n));
    assert_eq!(d(&places(77)).to_string(), places(77));
    let refusal = places(78).parse::<Decimal>().unwrap_err();
    assert!(refusal.to_string().ends_with("of at most 77 digits"));
    assert_eq!(d(&format!("{}1", "0".repeat(200))), Decimal::ONE);
}

#[test]
fn parts_beyond_the_bounds_are_refused() {
    assert_eq!(Decimal::from_parts(i128::MIN, 77).unwrap().scale(), 77);
    assert!(Decimal::from_parts(1, 78).is_none());
    assert_eq!(Decimal::from(i64::MIN).to_string(), "-9223372036854775808");
}

#[test]
fn mantissa_is_a_twos_complement_of_any_length() {
    let read = |bytes: &[u8]| Decimal::from_be_bytes(bytes, 2).map(|n| n.to_string());
    let cases: [(&[u8], Option<&str>); 6] = [
        (&[], Some("0.00")),
        (&[0x01, 0x18], Some("2.80")),
        (&[0xff], Some("-0.01")),
        (&[0x80], Some("-1.28")),
        (&[0x00, 0x80], Some("1.28")),
        (&[0xff; 40], Some("-0.01")),
    ];
    for (bytes, expected) in cases {
        assert_eq!(read(bytes).as_deref(), expected, "{bytes:?}");
    }
    assert!(Decimal::from_be_bytes(&[1], 78).is_none());
}

#[test]
fn mantissa_of_more_than_256_bits_is_refused() {
    // The thirty-third byte holds the sign.
    let read = |first: u8, second: u8| {
        let mut bytes = [0; 33];
        (bytes[0], bytes[1]) = (first, second);
        Decimal::from_be_bytes(&bytes, 0)
    };
    let half = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    assert_eq!(read(0, 0x80), Some(d(half)));
    assert_eq!(read(0xff, 0x80), Some(d(half).negated()));
    for (first, second) in [(0x01, 0), (0x7f, 0xff), (0xff, 0), (0x80, 0)] {
        assert_eq!(read(first, second), None, "{first:x} {second:x}");
    }
}
