//! What every consumer of an event topic does alike: drop repeats, stop on a gap.

use kernel::Fault;
use kernel::port::Record;
use kernel::record::EventMeta;

/// Header with an event's position in decimal digits.
pub const POSITION: &str = "position";

/// The event log did not give what the rules promise.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("position {found} came where {expected} belongs")]
    Gap { expected: u64, found: u64 },
    #[error("record at offset {offset} is not an event")]
    NotAnEvent { offset: i64 },
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::new("event log", "follow the positions", broken)
    }
}

/// The position of a record when it is the next one; `None` for one that was seen before.
///
/// # Errors
/// [`Broken::Gap`]: events are missing, and nothing may be applied beyond the hole.
pub fn next_position(record: &Record, seen: u64) -> Result<Option<u64>, Broken> {
    let found = position(record).ok_or(Broken::NotAnEvent {
        offset: record.offset,
    })?;
    match found {
        found if found <= seen => Ok(None),
        found if found == seen + 1 => Ok(Some(found)),
        found => Err(Broken::Gap {
            expected: seen + 1,
            found,
        }),
    }
}

fn position(record: &Record) -> Option<u64> {
    std::str::from_utf8(record.header(POSITION)?)
        .ok()?
        .parse()
        .ok()
}

/// The record's own account of itself.
///
/// # Errors
/// [`Broken::NotAnEvent`].
pub fn meta(record: &Record, position: u64) -> Result<EventMeta, Broken> {
    let broken = || Broken::NotAnEvent {
        offset: record.offset,
    };
    let value = record.value.as_deref().ok_or_else(broken)?;
    let mut meta: EventMeta = serde_json::from_slice(value).map_err(|_| broken())?;
    meta.position = position;
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use kernel::Timestamp;

    use super::*;

    fn at(position: &'static str) -> Record {
        Record {
            offset: 0,
            logged_at: Timestamp::default(),
            key: None,
            value: None,
            headers: vec![(POSITION.to_owned(), Bytes::from_static(position.as_bytes()))],
        }
    }

    #[test]
    fn repeat_is_dropped_and_gap_is_named() {
        assert!(matches!(next_position(&at("7"), 7), Ok(None)));
        assert!(matches!(next_position(&at("8"), 7), Ok(Some(8))));
        assert!(matches!(
            next_position(&at("9"), 7),
            Err(Broken::Gap {
                expected: 8,
                found: 9
            })
        ));
        assert!(matches!(
            next_position(&at("x"), 7),
            Err(Broken::NotAnEvent { offset: 0 })
        ));
    }
}
