//! Frames of `text/event-stream`.

use bytes::{BufMut as _, Bytes, BytesMut};

/// Why a stream ends, for its reader and for the meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More waited for the reader than may.
    Slow,
    /// The token that opened it has expired.
    Token,
    /// The server stops.
    Stop,
    /// The reader went away.
    Gone,
}

impl End {
    /// A metric label, and the reason in the last frame.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Token => "token",
            Self::Stop => "stop",
            Self::Gone => "gone",
        }
    }
}

/// A value of a view. Its bytes are JSON as serde writes it, which is one line.
pub(super) fn value(view: &str, id: &str, body: &[u8]) -> Bytes {
    debug_assert!(!body.contains(&b'\n') && !body.contains(&b'\r'));
    let lengths = view.len() + id.len() + body.len();
    let mut frame = BytesMut::with_capacity(lengths + 24);
    for part in [
        b"event: ".as_slice(),
        view.as_bytes(),
        b"\nid: ",
        id.as_bytes(),
        b"\ndata: ",
        body,
        b"\n\n",
    ] {
        frame.put_slice(part);
    }
    frame.freeze()
}

/// The first frame: changes follow from here on.
pub(super) fn hello(id: &str, resumed: bool) -> Bytes {
    format!("event: hello\nid: {id}\ndata: {{\"resumed\":{resumed}}}\n\n").into()
}

/// What the reader has may be wrong: changes follow from here on, others were missed.
pub(super) fn reset(id: &str, reason: &str) -> Bytes {
    format!("event: reset\nid: {id}\ndata: {{\"reason\":\"{reason}\"}}\n\n").into()
}

/// Nothing happened, up to there: an event without data is not shown to a page, and its id is kept.
pub(super) fn heartbeat(id: Option<&str>) -> Bytes {
    match id {
        Some(id) => format!(": heartbeat\nid: {id}\n\n").into(),
        None => Bytes::from_static(b": heartbeat\n\n"),
    }
}

/// The last frame; it has no id, so that the reader resumes behind what it was sent.
pub(super) fn end(end: End) -> Bytes {
    format!("event: end\ndata: {{\"reason\":\"{}\"}}\n\n", end.name()).into()
}
