//! A view of one stream, folded on the spot.

use bytes::Bytes;
use kernel::port::{LoadedStream, ViewValue};
use kernel::{Timestamp, View};

/// How far a fold goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Now,
    /// Events accepted at or before this instant.
    Time(Timestamp),
    /// Events at or before this position of the partition.
    Position(u64),
}

/// The view after the stream's events up to `until`; `None` when there are none.
///
/// # Errors
/// An event does not decode.
pub fn fold<V: View>(
    stream: &LoadedStream,
    partition: u16,
    until: Until,
) -> Result<Option<ViewValue>, serde_json::Error> {
    let mut view = V::default();
    let mut last = None;
    for row in &stream.events {
        let meta = row.record.meta()?;
        let beyond = match until {
            Until::Now => false,
            Until::Time(time) => meta.at > time,
            Until::Position(position) => meta.position > position,
        };
        if beyond {
            break;
        }
        view.update(&meta, &serde_json::from_slice(&row.record.value)?);
        last = Some(meta);
    }
    let Some(meta) = last else { return Ok(None) };
    Ok(Some(ViewValue {
        version: meta.sequence,
        partition,
        position: meta.position,
        as_of: meta.at,
        body: Bytes::from(serde_json::to_vec(&view)?),
    }))
}
