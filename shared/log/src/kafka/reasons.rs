//! What librdkafka reports of an error beside its code: the offset, the codec, the checksums.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Keeps it until the thread that has met the error, and was given only the code, asks.
#[derive(Default)]
pub(super) struct Reasons(Mutex<HashMap<ThreadId, String>>);

impl Reasons {
    pub(super) fn take(&self) -> Option<String> {
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.remove(&thread::current().id())
    }
}

impl ClientContext for Reasons {
    /// Called by the very poll that returns the error.
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.insert(thread::current().id(), reason.to_owned());
    }
}

impl ConsumerContext for Reasons {}
