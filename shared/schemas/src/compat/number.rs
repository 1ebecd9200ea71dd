//! Numbers, and the bounds of whatever is counted.

use std::cmp::Ordering;

use serde_json::Value;

use super::alternative::Alternative;
use super::change::{Change, Violation};
use super::inclusion::Pair;

pub(super) const KEYWORDS: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "format",
];

/// What the integer formats mean. A validator ignores them, the type that reads does not.
const RANGES: [(&str, i128, i128); 8] = [
    ("int8", i8::MIN as i128, i8::MAX as i128),
    ("int16", i16::MIN as i128, i16::MAX as i128),
    ("int32", i32::MIN as i128, i32::MAX as i128),
    ("int64", i64::MIN as i128, i64::MAX as i128),
    ("uint8", 0, u8::MAX as i128),
    ("uint16", 0, u16::MAX as i128),
    ("uint32", 0, u32::MAX as i128),
    ("uint64", 0, u64::MAX as i128),
];

pub(super) fn violations(pair: &Pair) -> Vec<Violation> {
    let (written, read) = (&pair.written, &pair.read);
    let low = implied(&lower(written), &lower(read), Ordering::Greater);
    let high = implied(&upper(written), &upper(read), Ordering::Less);
    let found = [
        (!low).then(|| pair.violation(Change::Bound("minimum"))),
        (!high).then(|| pair.violation(Change::Bound("maximum"))),
        pair.same_or_unread("multipleOf"),
        format(pair),
    ];
    found.into_iter().flatten().collect()
}

/// A bound of a counted thing, such as `minLength`; without it, zero.
pub(super) fn at_least(pair: &Pair, keyword: &'static str) -> Option<Violation> {
    let (written, read) = pair.both(keyword);
    let count = |bound: Option<&Value>| bound.and_then(Value::as_u64).unwrap_or(0);
    (count(written) < count(read)).then(|| pair.violation(Change::Bound(keyword)))
}

/// A bound of a counted thing, such as `maxLength`; without it, none.
pub(super) fn at_most(pair: &Pair, keyword: &'static str) -> Option<Violation> {
    let (written, read) = pair.both(keyword);
    let count = |bound: Option<&Value>| bound.and_then(Value::as_u64).unwrap_or(u64::MAX);
    (count(written) > count(read)).then(|| pair.violation(Change::Bound(keyword)))
}

/// One end of a range; `open` when the end itself is outside.
struct Bound {
    at: Limit,
    open: bool,
}

#[derive(Clone, Copy)]
enum Limit {
    Whole(i128),
    Real(f64),
}

fn lower(alternative: &Alternative) -> Vec<Bound> {
    let format = range(alternative).map(|(least, _)| least);
    bounds(alternative, "minimum", "exclusiveMinimum", format)
}

fn upper(alternative: &Alternative) -> Vec<Bound> {
    let format = range(alternative).map(|(_, most)| most);
    bounds(alternative, "maximum", "exclusiveMaximum", format)
}

fn range(alternative: &Alternative) -> Option<(i128, i128)> {
    let format = alternative.get("format")?;
    let (_, least, most) = RANGES.iter().find(|(name, ..)| format == name)?;
    Some((*least, *most))
}

fn bounds(from: &Alternative, closed: &str, open: &str, format: Option<i128>) -> Vec<Bound> {
    let keyword = |name: &str, open| {
        let at = limit(from.get(name)?)?;
        Some(Bound { at, open })
    };
    let format = format.map(|at| Bound {
        at: Limit::Whole(at),
        open: false,
    });
    [keyword(closed, false), keyword(open, true), format]
        .into_iter()
        .flatten()
        .collect()
}

fn limit(value: &Value) -> Option<Limit> {
    let whole = value
        .as_i64()
        .map(i128::from)
        .or_else(|| value.as_u64().map(i128::from));
    whole
        .map(Limit::Whole)
        .or_else(|| value.as_f64().map(Limit::Real))
}

/// Whether each of the reader's bounds follows from one of the writer's.
fn implied(written: &[Bound], read: &[Bound], tighter: Ordering) -> bool {
    let follows = |bound: &Bound, from: &Bound| match from.at.compare(bound.at) {
        Some(Ordering::Equal) => from.open || !bound.open,
        order => order == Some(tighter),
    };
    read.iter()
        .all(|bound| written.iter().any(|from| follows(bound, from)))
}

impl Limit {
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(two)) => Some(one.cmp(&two)),
            (one, two) => one.real().partial_cmp(&two.real()),
        }
    }

    fn real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }
}

/// Integer formats are ranges and were compared as such; of the others, a double reads a float.
fn format(pair: &Pair) -> Option<Violation> {
    let (written, read) = pair.both("format");
    let is_range = RANGES
        .iter()
        .any(|(name, ..)| read.is_some_and(|read| read == name));
    let is_wider =
        read.is_some_and(|read| read == "double") && written.is_some_and(|w| w == "float");
    if is_range || is_wider {
        None
    } else {
        pair.same_or_unread("format")
    }
}
