//! The sender of a command, as far as the log can prove it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::access::{Standings, Subject};
use crate::code::Fault;
use crate::port::Record;
use crate::time::Timestamp;

/// Header that carries a signature over topic, key and value: the platform's, or a producer's own.
pub const SIGNATURE: &str = "signature";

/// Header that proves a sender by an access token, `Bearer <token>`.
pub const AUTHORIZATION: &str = "authorization";

/// What the log proves about a record's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The platform's own signature covers the envelope: its tenant and actor are true.
    Platform,
    /// A configured producer, known by its own signature or because the broker lets only this one
    /// write to the topic without; or the bearer of an access token.
    Producer(Arc<Producer>),
}

/// A system that writes commands to the log by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// As operators know it; names it in letters, logs and metrics.
    pub name: String,
    /// Whose commands it may send, and with which roles.
    pub subject: Subject,
    /// What the policies said of that.
    pub standings: Standings,
    /// For records in the wrong partition.
    pub misplaced: Misplaced,
    /// Which answers it is sent.
    pub outcomes: Outcomes,
}

/// What happens to a producer's record that is in another partition than its key belongs to, as
/// the default partitioner of many clients puts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Misplaced {
    /// It is parked.
    #[default]
    Park,
    /// It is sent to the partition it belongs to, once, signed by the platform. What the producer
    /// sends for one key may then be overtaken by what is in the right partition already.
    Forward,
}

/// Which outcomes of its commands a producer receives on the topic of outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcomes {
    /// What was rejected, parked, or repeated a used id with another body.
    #[default]
    Refused,
    /// Every one, which doubles the records that its commands cause.
    All,
}

/// Signs the platform's own records and judges those that come in.
///
/// ```
/// use kernel::port::{Authority, Record, Sender};
///
/// /// What a record says of tenant and actor is believed of the platform alone.
/// fn is_ours(authority: &dyn Authority, context: &str, record: &Record) -> bool {
///     matches!(authority.sender(context, record), Some(Sender::Platform))
/// }
/// ```
pub trait Authority: Send + Sync {
    /// The value of the header [`SIGNATURE`].
    fn sign(&self, context: &str, key: &[u8], value: &[u8]) -> Bytes;

    /// `None`: nothing proves the sender.
    fn sender(&self, context: &str, record: &Record) -> Option<Sender>;
}

/// Knows the bearers of access tokens.
#[async_trait]
pub trait Bearers: Send + Sync {
    /// Whose header [`AUTHORIZATION`] it is, for a record that the log dated `at`.
    ///
    /// # Errors
    /// [`Unproven`]; it may wait for the keys of an issuer.
    async fn bearer(&self, header: &[u8], at: Timestamp) -> Result<Producer, Unproven>;
}

/// Why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// It does not hold; in words.
    #[error("{0}")]
    Refused(String),
    /// What it is judged by is still being read: the same record is to be tried again.
    #[error(transparent)]
    NotYet(Fault),
}
