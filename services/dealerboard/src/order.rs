//! A command of the platform itself: typed until it is on its way.

use kernel::{Actor, AggregateId, CommandId, Context, Fault, Tenant};
use pipeline::accept::Request;
use pipeline::command;
use serde_json::value::RawValue;

pub(crate) struct Order {
    context: &'static str,
    to: AggregateId,
    id: Option<CommandId>,
    kind: String,
    data: Box<RawValue>,
    expected_version: Option<u64>,
}

impl Order {
    /// # Errors
    /// `to` is not the id of an aggregate.
    pub(crate) fn new<C: Context>(to: &str, command: &C::Input) -> Result<Self, Fault> {
        let undecided = |error| Fault::new("order", "encode a command", error);
        let (kind, data) = command::split(command).map_err(undecided)?;
        let to = AggregateId::new(to);
        Ok(Self {
            context: C::NAME,
            to: to.map_err(|error| Fault::new("order", "address a command", error))?,
            id: None,
            kind,
            data,
            expected_version: None,
        })
    }

    /// Only if the aggregate is still at this version.
    pub(crate) fn at(mut self, version: u64) -> Self {
        self.expected_version = Some(version);
        self
    }

    /// Given twice, or by two routers, it is one command.
    pub(crate) fn once(mut self, id: CommandId) -> Self {
        self.id = Some(id);
        self
    }

    pub(crate) fn request<'o>(&'o self, tenant: &'o Tenant, actor: &'o Actor) -> Request<'o> {
        Request {
            context: self.context,
            tenant,
            actor,
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
