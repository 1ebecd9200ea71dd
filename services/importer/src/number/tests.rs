use super::{DecimalMark, GroupMark, NumberStyle};

fn style(decimal: DecimalMark, group: Option<GroupMark>) -> NumberStyle {
    NumberStyle {
        decimal,
        group,
        symbols: "$\u{20ac}".to_owned(),
    }
}

fn read(style: &NumberStyle, text: &str) -> Option<String> {
    style.read(text).ok().map(|number| number.to_string())
}

#[test]
fn number_is_read_in_the_style_that_was_declared() {
    let us = style(DecimalMark::Point, Some(GroupMark::Comma));
    let german = style(DecimalMark::Comma, Some(GroupMark::Point));
    let french = style(DecimalMark::Comma, Some(GroupMark::Blank));
    let swiss = style(DecimalMark::Point, Some(GroupMark::Apostrophe));
    let cases = [
        (&us, "1,234,567.5", "1234567.5"),
        (&us, "$12.50", "12.50"),
        (&us, "-$1,000", "-1000"),
        (&us, ".5", "0.5"),
        (&us, "+100", "100"),
        (&us, "1234.5", "1234.5"),
        (&german, "1.234,56", "1234.56"),
        (&german, "12,50 \u{20ac}", "12.50"),
        (&german, "\u{2212}1,05", "-1.05"),
        (&german, "1000", "1000"),
        (&french, "1\u{202f}234,5", "1234.5"),
        (&french, "1 234 567", "1234567"),
        (&swiss, "1'234.50", "1234.50"),
        (&swiss, "1\u{2019}234", "1234"),
    ];
    for (style, text, number) in cases {
        assert_eq!(read(style, text).as_deref(), Some(number), "{text}");
    }
}

#[test]
fn number_that_could_be_another_is_refused() {
    let us = style(DecimalMark::Point, Some(GroupMark::Comma));
    let german = style(DecimalMark::Comma, Some(GroupMark::Point));
    let comma = style(DecimalMark::Comma, None);
    let plain = NumberStyle::default();
    let cases = [
        (&plain, "1,000"),
        (&plain, "1.000,5"),
        (&plain, "$5"),
        (&plain, "3e2"),
        (&plain, "1 000"),
        (&plain, "5."),
        (&us, "1,00"),
        (&us, "1,0000"),
        (&us, "1234,567"),
        (&us, ",123"),
        (&us, "1.000,5"),
        (&us, "1,,000"),
        (&us, "--5"),
        (&us, "(5)"),
        (&german, "12.50"),
        (&german, "1,234.5"),
        (&comma, "1.234"),
        (&us, ""),
        (&us, "$"),
        (&us, "NaN"),
    ];
    for (style, text) in cases {
        assert_eq!(read(style, text), None, "{text}");
    }
    let fault = plain.read("1,000").unwrap_err().to_string();
    assert!(
        fault.ends_with("declare the marks by --decimal-mark and --thousands-mark"),
        "{fault}"
    );
}

#[test]
fn marks_with_two_meanings_are_refused() {
    assert!(
        style(DecimalMark::Comma, Some(GroupMark::Comma))
            .checked()
            .is_err()
    );
    assert!(
        style(DecimalMark::Point, Some(GroupMark::Point))
            .checked()
            .is_err()
    );
    let digits = NumberStyle {
        symbols: "1".to_owned(),
        ..NumberStyle::default()
    };
    assert!(digits.checked().is_err());
}
