//! Messages copied out of librdkafka, all that are taken at once into one piece of memory.

use std::ops::Range;

use bytes::Bytes;
use kernel::Timestamp;
use kernel::frame::{Framed, unframe};
use kernel::port::{NAME_IS_NOT_TEXT, Record};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message};

use super::quiet::quietly;

/// What the records of a topic are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Carries {
    /// Kept as they came: what is signed is what is on the wire, and a dead letter keeps it.
    Commands,
    /// Taken without a schema registry's prefix; of their headers only the log position counts.
    Events,
}

/// Header with an event's log position in decimal digits.
pub(super) const POSITION: &str = "position";

pub(super) struct Copies {
    carries: Carries,
    bytes: Vec<u8>,
    records: Vec<Copied>,
}

/// A record whose bytes still grow with those of the others.
struct Copied {
    offset: i64,
    logged_at: Timestamp,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<(String, Range<usize>)>,
    log_position: Option<u64>,
    unreadable: Option<&'static str>,
}

impl Copies {
    pub(super) fn new(carries: Carries) -> Self {
        Self {
            carries,
            bytes: Vec::new(),
            records: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, message: &BorrowedMessage<'_>) {
        let key = message.key().map(|key| self.copy(key));
        let value = message.payload().map(|value| match self.carries {
            Carries::Commands => value,
            Carries::Events => unframe(value).map_or(value, |Framed { payload, .. }| payload),
        });
        let value = value.map(|value| self.copy(value));
        let (mut headers, mut log_position, mut unreadable) = (Vec::new(), None, None);
        let given = message.headers();
        for place in 0..given.map_or(0, Headers::count) {
            // rust-rdkafka takes it for granted that a name is text.
            let Some(header) = quietly(|| given.and_then(|given| given.try_get(place))) else {
                unreadable = Some(NAME_IS_NOT_TEXT);
                continue;
            };
            let Some(Header { key, value }) = header else {
                continue;
            };
            let bytes = value.unwrap_or_default();
            match self.carries {
                Carries::Commands => headers.push((key.to_owned(), self.copy(bytes))),
                Carries::Events if key == POSITION => log_position = number(bytes),
                Carries::Events => {}
            }
        }
        self.records.push(Copied {
            offset: message.offset(),
            logged_at: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0)),
            key,
            value,
            headers,
            log_position,
            unreadable,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Hands the records out; they share the memory.
    pub(super) fn finish(self, out: &mut Vec<Record>) {
        let bytes = Bytes::from(self.bytes);
        out.extend(self.records.into_iter().map(|copy| {
            Record {
                offset: copy.offset,
                logged_at: copy.logged_at,
                key: copy.key.map(|range| bytes.slice(range)),
                value: copy.value.map(|range| bytes.slice(range)),
                headers: copy
                    .headers
                    .into_iter()
                    .map(|(name, range)| (name, bytes.slice(range)))
                    .collect(),
                log_position: copy.log_position,
                unreadable: copy.unreadable,
            }
        }));
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

/// Decimal digits as a number.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
