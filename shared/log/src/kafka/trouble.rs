//! What an error of librdkafka means to the reader of a partition.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Something is away; reading may continue where it is.
    Away,
    /// The broker does not hold the offset that was asked for.
    Gone,
    /// What comes next is damaged, or written in a way that cannot be read here.
    Unreadable,
}

pub(super) fn trouble(error: &KafkaError) -> Trouble {
    match error.rdkafka_error_code() {
        // `auto.offset.reset` forbids skipping.
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => Trouble::Gone,
        Some(
            // Found by the client: a checksum, a codec, a format, a length.
            Code::BadMessage
            | Code::BadCompression
            | Code::NotImplemented
            | Code::Underflow
            // Found by the broker.
            | Code::InvalidMessage
            | Code::InvalidMessageSize
            | Code::MessageSizeTooLarge,
        ) => Trouble::Unreadable,
        _ => Trouble::Away,
    }
}
