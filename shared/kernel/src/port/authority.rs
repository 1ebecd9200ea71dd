//! Who a command comes from, as far as the log can prove it.

use bytes::Bytes;

use crate::id::{Actor, Tenant};
use crate::port::Record;

/// Header that carries the platform's signature over topic, key and value.
pub const SIGNATURE: &str = "signature";

/// What the log proves about a record's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The platform's own signature covers the envelope: what it says of tenant and actor holds.
    Platform,
    /// The broker lets only this producer write to the topic.
    Producer { tenant: Tenant, actor: Actor },
}

/// Signs the platform's own records and judges those that come in.
pub trait Authority: Send + Sync {
    /// The value of the header [`SIGNATURE`].
    fn sign(&self, context: &str, key: &[u8], value: &[u8]) -> Bytes;

    /// `None`: nothing proves who sent it.
    fn sender(&self, context: &str, record: &Record) -> Option<Sender>;
}
