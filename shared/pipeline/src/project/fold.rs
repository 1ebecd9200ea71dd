//! A view of one stream, folded on the spot.

use bytes::Bytes;
use kernel::port::{LoadedStream, ViewValue};
use kernel::{BadParameter, EventMeta, Parameters, Timestamp, View};

/// How far a fold goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// All events there are.
    Now,
    /// Events accepted at or before this instant.
    Time(Timestamp),
    /// Events at or before this log position of the partition.
    LogPosition(u64),
}

impl Until {
    /// Whether the event comes after it.
    pub(crate) fn is_before(self, meta: &EventMeta) -> bool {
        match self {
            Self::Now => false,
            Self::Time(time) => meta.at > time,
            Self::LogPosition(log_position) => meta.log_position > log_position,
        }
    }
}

/// Why a fold gives no value.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// An event is none of the context.
    #[error("an event does not decode")]
    Undecodable(#[from] serde_json::Error),
    /// The question has no answer under these parameters.
    #[error(transparent)]
    Parameter(#[from] BadParameter),
}

/// The view after the stream's events up to `until`, folded as the parameters ask; `None` when
/// there are no such events.
///
/// # Errors
/// [`FoldError`].
pub fn fold<V: View>(
    stream: &LoadedStream,
    partition: u16,
    until: Until,
    parameters: &Parameters,
) -> Result<Option<ViewValue>, FoldError> {
    let mut refold = V::refold(parameters)?;
    let mut view = V::default();
    let mut last = None;
    for row in &stream.events {
        let (meta, event) = row.record.decode()?;
        if until.is_before(&meta) {
            break;
        }
        match &mut refold {
            Some(refold) => refold.update(&meta, event),
            None => view.update(&meta, &event),
        }
        last = Some(meta);
    }
    let Some(meta) = last else { return Ok(None) };
    let view = match refold {
        Some(refold) => refold.finish()?,
        None => view,
    };
    Ok(Some(ViewValue {
        version: meta.sequence,
        partition,
        log_position: meta.log_position,
        as_of: meta.at,
        body: Bytes::from(serde_json::to_vec(&view)?),
    }))
}

/// Whether the parameters ask for a fold of their own.
pub(crate) fn asks_refold<V: View>(parameters: &Parameters) -> Result<bool, BadParameter> {
    V::refold(parameters).map(|refold| refold.is_some())
}

/// A view's filter, on the bytes of its values.
pub type BodyFilter = Box<dyn Fn(&[u8]) -> Result<bool, serde_json::Error> + Send + Sync>;

/// What a list is narrowed to, when the parameters ask for that.
pub(crate) fn filter<V: View>(parameters: &Parameters) -> Result<Option<BodyFilter>, BadParameter> {
    let filter = V::filter(parameters)?;
    Ok(filter.map(|asked| -> BodyFilter {
        Box::new(move |body| serde_json::from_slice(body).map(|view| asked(&view)))
    }))
}

/// The body with what the parameters ask for beside it; `None` when they ask for nothing.
pub(crate) fn beside<V: View>(
    body: &[u8],
    parameters: &Parameters,
) -> Result<Option<Bytes>, FoldError> {
    if parameters.0.is_empty() {
        return Ok(None);
    }
    let view: V = serde_json::from_slice(body)?;
    let fields = view.beside(parameters)?;
    if fields.is_empty() {
        return Ok(None);
    }
    let mut out = body.to_vec();
    out.pop();
    for (name, value) in fields {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        serde_json::to_writer(&mut out, &value)?;
    }
    out.push(b'}');
    Ok(Some(out.into()))
}
