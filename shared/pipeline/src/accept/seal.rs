//! Seal: a command becomes a signed record of the command log.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use kernel::envelope::CommandEnvelope;
use kernel::id::CommandId;
use kernel::port::{Authority, Clock, Framing, Ids, NewRecord, ReplyTo, SIGNATURE};
use kernel::{Fault, Timestamp, topic};
use uuid::Uuid;

use super::Request;

/// Builds and signs the platform's own command records.
#[derive(Clone)]
pub struct Sealer {
    /// Signs the records.
    pub authority: Arc<dyn Authority>,
    /// Says when a command was accepted.
    pub clock: Arc<dyn Clock>,
    /// Gives an id to each command that comes without one.
    pub ids: Arc<dyn Ids>,
    /// Puts a schema's number before each command. The signature covers it: what proves the sender
    /// is looked at before anything else in the value is.
    pub framing: Option<Arc<dyn Framing>>,
}

impl Sealer {
    /// The record of a command, accepted now; and the command's id.
    ///
    /// # Errors
    /// The number of its schema is not known.
    pub fn seal(
        &self,
        request: Request<'_>,
        reply_to: Option<&ReplyTo>,
    ) -> Result<(CommandId, NewRecord), Fault> {
        self.seal_at(request, reply_to, self.clock.now())
    }

    /// The record of a command whose time is given: a reaction takes its event's, so that running
    /// it again gives the same bytes.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_at(
        &self,
        request: Request<'_>,
        reply_to: Option<&ReplyTo>,
        at: Timestamp,
    ) -> Result<(CommandId, NewRecord), Fault> {
        let id = request.id.unwrap_or_else(|| CommandId(self.ids.ordered()));
        let mut text = Uuid::encode_buffer();
        let envelope = CommandEnvelope {
            id: Cow::Borrowed(id.0.hyphenated().encode_lower(&mut text)),
            kind: Cow::Borrowed(request.kind),
            tenant: Some(request.tenant.clone()),
            actor: Some(request.actor.clone()),
            identity: request.identity,
            at: Some(at),
            correlation: request.correlation,
            causation: request.causation,
            expected_version: request.expected_version,
            reply_to: reply_to.cloned(),
            data: request.data,
        };
        let mut value = match &self.framing {
            None => Vec::new(),
            Some(framing) => framing.command(request.context, request.kind)?.to_vec(),
        };
        serde_json::to_writer(&mut value, &envelope)
            .expect("an envelope is a struct of strings and raw JSON, which always serialises");
        let key = topic::key(request.tenant, request.aggregate);
        Ok((id, self.sign(request.context, key, value.into())))
    }

    /// A record of ours around bytes that are a value already.
    #[must_use]
    pub fn sign(&self, context: &'static str, key: Arc<str>, value: Bytes) -> NewRecord {
        let signature = self.authority.sign(context, key.as_bytes(), &value);
        NewRecord {
            context,
            key,
            value,
            headers: vec![(SIGNATURE.to_owned(), signature)],
        }
    }
}
