//! What every consumer of an event topic does alike: drop repeats, stop on a gap.

use kernel::Fault;
use kernel::port::Record;
use kernel::record::{self, EventMeta};
use serde::de::DeserializeOwned;

/// The event log did not give what the rules promise.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("position {found} came where {expected} belongs")]
    Gap { expected: u64, found: u64 },
    #[error("record at offset {offset} is not an event that is known here")]
    NotAnEvent {
        offset: i64,
        source: Option<serde_json::Error>,
    },
    #[error("record at offset {offset} has the key of another stream")]
    WrongKey { offset: i64 },
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
    let found = record.position.ok_or(Broken::NotAnEvent {
        offset: record.offset,
        source: None,
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

/// What the record says of itself, and its event when `wants` its name; in one pass.
///
/// # Errors
/// [`Broken::NotAnEvent`], also for a wanted event that `E` does not know: skipping it would be a
/// lie.
pub fn event<E: DeserializeOwned>(
    record: &Record,
    position: u64,
    wants: impl Fn(&str) -> bool,
) -> Result<(EventMeta, Option<E>), Broken> {
    let value = record.value.as_deref().unwrap_or_default();
    record::decode_if(position, value, wants).map_err(|source| Broken::NotAnEvent {
        offset: record.offset,
        source: Some(source),
    })
}

/// The record's key, which is that of the stream it says it belongs to.
///
/// # Errors
/// [`Broken::WrongKey`].
pub fn key<'r>(record: &'r Record, meta: &EventMeta) -> Result<&'r str, Broken> {
    let key = std::str::from_utf8(record.key.as_deref().unwrap_or_default()).unwrap_or_default();
    match key.split_once('/') {
        Some((tenant, aggregate))
            if tenant == meta.tenant.as_str() && aggregate == meta.aggregate.as_str() =>
        {
            Ok(key)
        }
        _ => Err(Broken::WrongKey {
            offset: record.offset,
        }),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;

    fn at(position: Option<u64>) -> Record {
        Record {
            offset: 0,
            logged_at: Timestamp::default(),
            key: None,
            value: None,
            headers: Vec::new(),
            position,
            unreadable: None,
        }
    }

    #[test]
    fn repeat_is_dropped_and_gap_is_named() {
        assert!(matches!(next_position(&at(Some(7)), 7), Ok(None)));
        assert!(matches!(next_position(&at(Some(8)), 7), Ok(Some(8))));
        assert!(matches!(
            next_position(&at(Some(9)), 7),
            Err(Broken::Gap {
                expected: 8,
                found: 9
            })
        ));
        assert!(matches!(
            next_position(&at(None), 7),
            Err(Broken::NotAnEvent { offset: 0, .. })
        ));
    }
}
