//! Numbers as people of different countries write them, as far as it was declared.

use anyhow::Context as _;
use clap::ValueEnum;
use kernel::Decimal;

/// The mark before the fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DecimalMark {
    #[default]
    #[value(name = ".", alias = "point")]
    Point,
    #[value(name = ",", alias = "comma")]
    Comma,
}

/// The mark between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GroupMark {
    #[value(name = ",", alias = "comma")]
    Comma,
    #[value(name = ".", alias = "point")]
    Point,
    #[value(name = " ", alias = "blank")]
    Blank,
    #[value(name = "'", alias = "apostrophe")]
    Apostrophe,
}

/// How the numbers of a file are written. Undeclared they are plain: the file does not show which
/// of `1,000` and `1.000` is a thousand.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberStyle {
    pub(super) decimal: DecimalMark,
    pub(super) group: Option<GroupMark>,
    /// Characters around a number that are no part of it, such as `$`.
    pub(super) symbols: String,
}

impl DecimalMark {
    fn mark(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

impl GroupMark {
    /// A blank may be one that does not break, an apostrophe one of print.
    fn is(self, mark: char) -> bool {
        match self {
            Self::Comma => mark == ',',
            Self::Point => mark == '.',
            Self::Blank => [' ', '\u{a0}', '\u{202f}', '\u{2009}'].contains(&mark),
            Self::Apostrophe => ['\'', '\u{2019}'].contains(&mark),
        }
    }
}

impl NumberStyle {
    /// Refuses a mark that would have two meanings.
    pub(super) fn checked(self) -> anyhow::Result<Self> {
        let twice = self
            .group
            .is_some_and(|group| group.is(self.decimal.mark()));
        anyhow::ensure!(
            !twice,
            "the decimal mark and the thousands mark are the same"
        );
        let symbols = self.symbols.chars();
        let meant = symbols.filter(|symbol| symbol.is_ascii_digit() || "+-.,".contains(*symbol));
        anyhow::ensure!(
            meant.count() == 0,
            "a number's digits, signs and marks are no symbols"
        );
        Ok(self)
    }

    pub(super) fn is_plain(&self) -> bool {
        self.decimal == DecimalMark::Point && self.group.is_none() && self.symbols.is_empty()
    }

    /// Reads a number, exactly.
    pub(super) fn read(&self, text: &str) -> anyhow::Result<Decimal> {
        if self.is_plain()
            && let Ok(number) = text.parse()
        {
            return Ok(number);
        }
        let number = self.plain(text)?.and_then(|plain| plain.parse().ok());
        number.with_context(|| {
            let (mark, hint) = (self.decimal.mark(), self.hint(text));
            format!("`{text}` is not a plain decimal number such as -12{mark}50{hint}")
        })
    }

    /// With a point before the fraction and nothing else but digits and a minus.
    fn plain(&self, text: &str) -> anyhow::Result<Option<String>> {
        let around = |found: char| self.symbols.contains(found) || found.is_whitespace();
        let text = text.trim_matches(around);
        let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = digits.trim_start_matches(around);
        let (whole, fraction) = match digits.split_once(self.decimal.mark()) {
            Some(("", fraction)) => ("0", Some(fraction)),
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let mut plain = sign.to_owned();
        plain += &match self.group {
            Some(group) => ungrouped(whole, group)?,
            None => whole.to_owned(),
        };
        // Nothing but digits so far: a mark that was not declared is not one of the marks.
        let is_whole = plain[sign.len()..]
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        Ok(is_whole.then_some(plain))
    }

    fn hint(&self, text: &str) -> &'static str {
        let marks = [',', '.', '\'', ' ', '\u{a0}', '\u{202f}'];
        let mut others = marks.iter().filter(|mark| **mark != self.decimal.mark());
        if self.group.is_none() && others.any(|mark| text.contains(*mark)) {
            "; declare the marks by --decimal-mark and --thousands-mark"
        } else {
            ""
        }
    }
}

/// `1,23` is no number with thousands: its writer meant a fraction, or missed a digit.
fn ungrouped(whole: &str, group: GroupMark) -> anyhow::Result<String> {
    let mut groups = whole.split(|mark| group.is(mark));
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    let mut is_grouped = false;
    for group in groups {
        is_grouped = true;
        anyhow::ensure!(
            group.len() == 3,
            "`{whole}` is not in groups of three digits"
        );
        digits.push_str(group);
    }
    anyhow::ensure!(
        !is_grouped || (1..=3).contains(&first.len()),
        "`{whole}` is not in groups of three digits"
    );
    Ok(digits)
}

#[cfg(test)]
mod tests;
