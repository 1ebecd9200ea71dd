//! Strings.

use super::change::Violation;
use super::inclusion::Pair;
use super::number::{at_least, at_most};

pub(super) const KEYWORDS: &[&str] = &["minLength", "maxLength", "pattern", "format"];

pub(super) fn violations(pair: &Pair) -> Vec<Violation> {
    let found = [
        at_least(pair, "minLength"),
        at_most(pair, "maxLength"),
        pair.same_or_unread("pattern"),
        pair.same_or_unread("format"),
    ];
    found.into_iter().flatten().collect()
}
