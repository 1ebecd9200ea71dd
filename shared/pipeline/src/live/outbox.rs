//! What waits for one stream.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// Room for frames that an empty outbox keeps; a stream that once had to wait gives the rest back.
const KEPT_FRAMES: usize = 8;

/// Frames on their way to one reader, bounded by their bytes.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// The reader was too slow, or is gone: nothing more is put in.
    closed: bool,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Frame(Bytes),
    Nothing,
    /// More waited than may.
    Overrun,
}

impl Outbox {
    /// Puts a frame in, unless more than `bytes_max` would wait then: all of them are dropped, and the
    /// reader finds that out. Tells whether the outbox is still open.
    pub(super) fn put(&self, frame: &Bytes, bytes_max: usize) -> bool {
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        waiting.bytes += frame.len();
        if waiting.bytes > bytes_max {
            *waiting = Waiting {
                closed: true,
                ..Waiting::default()
            };
        } else {
            waiting.frames.push_back(Bytes::clone(frame));
        }
        let is_open = !waiting.closed;
        drop(waiting);
        self.filled.notify_one();
        is_open
    }

    pub(super) fn take(&self) -> Found {
        let mut waiting = self.lock();
        let Some(frame) = waiting.frames.pop_front() else {
            return if waiting.closed {
                Found::Overrun
            } else {
                Found::Nothing
            };
        };
        waiting.bytes -= frame.len();
        if waiting.frames.is_empty() && waiting.frames.capacity() > KEPT_FRAMES {
            waiting.frames = VecDeque::new();
        }
        Found::Frame(frame)
    }

    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.lock();
        waiting.frames.is_empty() && !waiting.closed
    }

    /// Waits until something was put in. For one task only.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
