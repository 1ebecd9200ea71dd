//! What makes two lines lines of one kind.

use tracing::callsite::Identifier;
use tracing::{Event, Level};
use tracing_log::NormalizeEvent as _;

use crate::lines;

/// Longest text by which kinds are distinguished, bytes.
const TEXT_MAX: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A line of ours: the place in the code identifies it, and its fields are data.
    Place {
        place: Identifier,
        level: Level,
        origin: String,
    },
    /// A line of a library that writes through the `log` crate: all come from one place, so their
    /// text distinguishes them. It holds data, too: numbers are taken out.
    Text {
        level: Level,
        origin: String,
        text: String,
    },
    /// Whatever comes when as many kinds are known as may be.
    Other(Level),
}

impl Kind {
    pub(super) fn of(event: &Event<'_>) -> Self {
        if let Some(library) = event.normalized_metadata() {
            return Self::Text {
                level: *library.level(),
                origin: library.target().to_owned(),
                text: without_numbers(&lines::message(event)),
            };
        }
        let metadata = event.metadata();
        Self::Place {
            place: metadata.callsite(),
            level: *metadata.level(),
            origin: metadata.target().to_owned(),
        }
    }

    pub(super) fn level(&self) -> Level {
        match self {
            Self::Place { level, .. } | Self::Text { level, .. } | Self::Other(level) => *level,
        }
    }

    /// Where the lines come from.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Place { origin, .. } | Self::Text { origin, .. } => origin.clone(),
            Self::Other(_) => "several".to_owned(),
        }
    }
}

/// The beginning of a text, each run of digits in it replaced by one mark.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(TEXT_MAX));
    for char in text.chars() {
        if kept.len() >= TEXT_MAX {
            break;
        }
        match char {
            '0'..='9' if kept.ends_with('#') => {}
            '0'..='9' => kept.push('#'),
            other => kept.push(other),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{TEXT_MAX, without_numbers};

    #[test]
    fn texts_that_differ_by_numbers_are_the_same() {
        let one = without_numbers("broker 127.0.0.1:9092/1: failed after 0ms");
        let other = without_numbers("broker 127.0.0.1:19092/12: failed after 30123ms");
        assert_eq!(one, other);
        assert_ne!(
            one,
            without_numbers("broker 127.0.0.1:9092/1: timed out after 0ms")
        );
    }

    #[test]
    fn long_text_is_distinguished_by_its_beginning() {
        let long = "é".repeat(TEXT_MAX);
        assert!(without_numbers(&long).len() <= TEXT_MAX + 1);
    }
}
