//! Framing what the platform itself writes.

use crate::code::Fault;
use crate::frame::Prefix;

/// Gives the prefix of each record that the platform writes as JSON. Answers from memory: it is
/// called once per record.
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
