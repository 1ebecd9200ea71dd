//! Names of queues that are not configured: a misspelt one would wait, or be served, without end.

use std::collections::{BTreeSet, HashMap};

use agents::{AddQueues, Agent, SetQueues};
use async_trait::async_trait;
use gateway::{Addressed, Admission, Admitted};
use http::problem::Problem;
use kernel::code::{Code, Kind};
use kernel::{Context as _, Tenant};
use pipeline::Followed;
use routing::{Floor, NewSettings, Queue, QueueId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::matches::once_known;

const QUEUE_UNKNOWN: Code = Code::new("QUEUE_UNKNOWN", Kind::Unprocessable);

/// What happens to a command that names a queue which is not configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownQueues {
    Allow,
    /// It is accepted, and the answer warns.
    #[default]
    Warn,
    Refuse,
}

/// Compares the queues that a command names with those that are configured.
pub struct CheckQueues {
    pub floor: Followed<Floor>,
    pub policy: UnknownQueues,
    /// Of tenants with a policy of their own.
    pub tenants: HashMap<Tenant, UnknownQueues>,
}

#[async_trait(?Send)]
impl Admission for CheckQueues {
    fn concerns(&self, context: &str, command: &str) -> bool {
        matches!(
            (context, command),
            (Agent::NAME, "SetQueues" | "AddQueues") | (Queue::NAME, "ConfigureQueue")
        )
    }

    async fn admit(&self, command: &Addressed<'_>) -> Result<Admitted, Problem> {
        let tenant = &command.principal.tenant;
        let policy = self.tenants.get(tenant).copied().unwrap_or(self.policy);
        let unknown = match policy {
            UnknownQueues::Allow => Vec::new(),
            UnknownQueues::Warn | UnknownQueues::Refuse => self.unknown(command).await,
        };
        match policy {
            _ if unknown.is_empty() => Ok(Admitted::Accept { warning: None }),
            UnknownQueues::Refuse => Err(Problem::new(QUEUE_UNKNOWN, warning(&unknown))),
            UnknownQueues::Warn | UnknownQueues::Allow => Ok(Admitted::Accept {
                warning: Some(warning(&unknown)),
            }),
        }
    }
}

impl CheckQueues {
    /// The queues that a command names and that are not configured. A command that only removes names
    /// is never among those that are looked at.
    async fn unknown(&self, command: &Addressed<'_>) -> Vec<QueueId> {
        let (tenant, floor) = (&command.principal.tenant, &self.floor);
        let named = named(command.context.name, command.route.command, command.data);
        // A floor that is still being read knows no queue.
        if named.is_empty() || floor.age().is_none() {
            return Vec::new();
        }
        let known = || {
            let unknown = floor.ask(|floor| {
                let unknown = named
                    .iter()
                    .filter(|queue| !floor.is_configured(tenant, queue));
                unknown.cloned().collect::<Vec<_>>()
            });
            if unknown.is_empty() {
                Ok(())
            } else {
                Err(unknown)
            }
        };
        let known = once_known(known, |_| true).await;
        known.err().unwrap_or_default()
    }
}

fn named(context: &str, command: &str, data: &RawValue) -> BTreeSet<QueueId> {
    let data = data.get();
    match (context, command) {
        (Agent::NAME, "SetQueues") => {
            served(serde_json::from_str(data).map(|set: SetQueues| set.queues))
        }
        (Agent::NAME, "AddQueues") => {
            served(serde_json::from_str(data).map(|add: AddQueues| add.queues))
        }
        (Queue::NAME, "ConfigureQueue") => {
            let settings: Option<NewSettings> = serde_json::from_str(data).ok();
            let overflow = settings.and_then(|settings| settings.overflow);
            overflow
                .into_iter()
                .map(|overflow| overflow.queue)
                .collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The same names, as routing knows them.
fn served(queues: serde_json::Result<BTreeSet<agents::Queue>>) -> BTreeSet<QueueId> {
    let queues = queues.into_iter().flatten();
    queues
        .filter_map(|queue| queue.as_str().parse().ok())
        .collect()
}

fn warning(unknown: &[QueueId]) -> String {
    let names: Vec<_> = unknown.iter().map(QueueId::as_str).collect();
    format!("no queue of that name is configured: {}", names.join(", "))
}
