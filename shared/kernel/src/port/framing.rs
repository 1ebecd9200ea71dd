//! Framing what the platform itself writes.

use crate::code::Fault;
use crate::frame::Prefix;

/// Gives the prefix of each record that the platform writes as JSON. Answers from memory: it is
/// called once per record.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::Framing;
///
/// /// The value of an event's record as a reader with a schema registry expects it.
/// fn framed(framing: &dyn Framing, json: &[u8]) -> Result<Vec<u8>, Fault> {
///     let prefix = framing.event("trades", "FillRecorded", 2)?;
///     Ok([&prefix, json].concat())
/// }
/// ```
pub trait Framing: Send + Sync {
    /// Of a command in structured form.
    ///
    /// # Errors
    /// The numbers are not known yet, or there is none for it.
    fn command(&self, context: &str, kind: &str) -> Result<Prefix, Fault>;

    /// Of an event, by its name and the version of its shape.
    ///
    /// # Errors
    /// As [`Self::command`].
    fn event(&self, context: &str, kind: &str, version: u16) -> Result<Prefix, Fault>;
}
