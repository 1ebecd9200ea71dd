//! A command that a part of the platform sends: typed until it is encoded.

use kernel::{Actor, AggregateId, CommandId, Context, Defect, Tenant};
use serde_json::value::RawValue;

use super::Request;
use crate::command;

/// A command on its way to an aggregate.
pub struct OutgoingCommand {
    context: &'static str,
    to: AggregateId,
    id: Option<CommandId>,
    kind: String,
    data: Box<RawValue>,
    expected_version: Option<u64>,
}

impl OutgoingCommand {
    /// A command for the aggregate `to`, under a fresh id.
    ///
    /// # Errors
    /// `to` is not the id of an aggregate.
    pub fn new<C: Context>(to: &str, command: &C::Input) -> Result<Self, Defect> {
        let unwritten = |error| Defect::new("encode a command", error);
        let (kind, data) = command::split(command).map_err(unwritten)?;
        let to = AggregateId::new(to);
        Ok(Self {
            context: C::NAME,
            to: to.map_err(|error| Defect::new("address a command", error))?,
            id: None,
            kind,
            data,
            expected_version: None,
        })
    }

    /// Only if the aggregate is still at this version.
    #[must_use]
    pub fn at(mut self, version: u64) -> Self {
        self.expected_version = Some(version);
        self
    }

    /// Sent twice, or by two processes, it is one command.
    #[must_use]
    pub fn once(mut self, id: CommandId) -> Self {
        self.id = Some(id);
        self
    }

    /// As the acceptor takes it.
    #[must_use]
    pub fn request<'c>(&'c self, tenant: &'c Tenant, actor: &'c Actor) -> Request<'c> {
        Request {
            context: self.context,
            tenant,
            actor,
            identity: None,
            aggregate: &self.to,
            id: self.id,
            kind: &self.kind,
            data: &self.data,
            expected_version: self.expected_version,
            correlation: None,
            causation: None,
        }
    }
}
