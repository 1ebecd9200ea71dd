//! What every consumer of an event topic does alike: each event once, in order, without a hole.

mod events;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use kernel::Fault;
use kernel::port::Record;
use kernel::record::{self, EventMeta, EventRecord};
use serde::de::DeserializeOwned;

pub(crate) use events::{Course, Events};

/// The event log did not give what the rules promise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("position {found} came where {expected} belongs")]
    Gap { expected: u64, found: u64 },
    #[error("record at offset {offset} names no position")]
    WithoutLogPosition { offset: i64 },
    #[error("position {log_position} is not an event that is known here")]
    NotAnEvent {
        log_position: u64,
        source: Option<serde_json::Error>,
    },
    #[error("position {log_position} has the key of another stream")]
    WrongKey { log_position: u64 },
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self::new("event log", "follow the positions", broken)
    }
}

/// The log position of a record when it is the next one; `None` for one that was seen before.
///
/// # Errors
/// [`Broken::Gap`]: events are missing, and nothing may be applied beyond the hole.
pub(crate) fn next_log_position(record: &Record, seen: u64) -> Result<Option<u64>, Broken> {
    let found = record.log_position.ok_or(Broken::WithoutLogPosition {
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

/// The bytes of an event, from wherever they were read.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) log_position: u64,
    pub(crate) key: Bytes,
    pub(crate) value: Bytes,
}

impl From<EventRecord> for Published {
    fn from(record: EventRecord) -> Self {
        Self {
            log_position: record.log_position,
            key: Bytes::copy_from_slice(record.key.as_bytes()),
            value: record.value,
        }
    }
}

impl Published {
    /// Its meta, and its event when `wants` its name; in one pass. The key is that of the stream that the
    /// record names.
    ///
    /// # Errors
    /// [`Broken`], also for a required event that `E` does not know: it must not be skipped silently.
    pub(crate) fn event<E: DeserializeOwned>(
        &self,
        wants: impl Fn(&str) -> bool,
    ) -> Result<(EventMeta, Option<E>), Broken> {
        let read = record::decode_if(self.log_position, &self.value, wants);
        let (meta, event) = read.map_err(|error| self.unknown(Some(error)))?;
        self.belongs(&meta)?;
        Ok((meta, event))
    }

    pub(crate) fn belongs(&self, meta: &EventMeta) -> Result<(), Broken> {
        let key = std::str::from_utf8(&self.key).unwrap_or_default();
        match key.split_once('/') {
            Some((tenant, aggregate))
                if tenant == meta.tenant.as_str() && aggregate == meta.aggregate.as_str() =>
            {
                Ok(())
            }
            _ => Err(Broken::WrongKey {
                log_position: self.log_position,
            }),
        }
    }

    pub(crate) fn unknown(&self, source: Option<serde_json::Error>) -> Broken {
        Broken::NotAnEvent {
            log_position: self.log_position,
            source,
        }
    }
}
