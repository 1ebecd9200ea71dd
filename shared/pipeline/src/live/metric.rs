//! Metric names of live streams, each spelled once, and what each of them counts.

use metrics::{Counter, Unit, counter, describe_counter, describe_gauge, gauge};

use super::frame::End;

const STREAMS: &str = "dealerboard_live_streams";
const FRAMES: &str = "dealerboard_live_frames_total";
const BYTES: &str = "dealerboard_live_bytes_total";
const RESETS: &str = "dealerboard_live_resets_total";
const ENDED: &str = "dealerboard_live_ended_total";

pub(crate) fn describe() {
    describe_gauge!(
        STREAMS,
        Unit::Count,
        "Live streams that are open in this process."
    );
    describe_counter!(FRAMES, Unit::Count, "Frames sent by live streams.");
    describe_counter!(BYTES, Unit::Bytes, "Bytes sent by live streams.");
    describe_counter!(
        RESETS,
        Unit::Count,
        "Live streams that could not resume where they were cut, because too much was missed."
    );
    describe_counter!(
        ENDED,
        Unit::Count,
        "Live streams that ended, by reason: gone (the reader went away), slow, token or stop."
    );
}

/// What is counted often.
pub(super) struct Meters {
    frames: Counter,
    bytes: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            frames: counter!(FRAMES),
            bytes: counter!(BYTES),
        }
    }
}

impl Meters {
    pub(super) fn open(&self, streams: usize) {
        let streams = u32::try_from(streams).unwrap_or(u32::MAX);
        gauge!(STREAMS).set(f64::from(streams));
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.frames.increment(1);
        self.bytes
            .increment(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(super) fn reset(&self) {
        counter!(RESETS).increment(1);
    }

    pub(super) fn ended(&self, end: End) {
        counter!(ENDED, "reason" => end.name()).increment(1);
    }
}
