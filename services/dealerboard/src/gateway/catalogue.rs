//! Names of queues that nobody configured: a misspelt one would wait, or be served, for ever.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use agents::{AddQueues, Agent, SetQueues};
use http::problem::Problem;
use kernel::code::{Code, Kind};
use kernel::route::CommandRoute;
use kernel::{Context, Tenant};
use pipeline::ContextSlice;
use routing::{NewSettings, Queue, QueueId};
use serde_json::json;
use serde_json::value::RawValue;

use super::Gateway;
use super::edited::edited;
use super::matches::once_known;
use crate::config::UnknownQueues;

const QUEUE_UNKNOWN: Code = Code::new("QUEUE_UNKNOWN", Kind::Unprocessable);

/// The queues that a command names and nobody has configured.
pub(super) struct Unknown(Vec<QueueId>);

impl Unknown {
    /// What the tenant wants to hear of; a command that only takes names away is never among it.
    ///
    /// # Errors
    /// The tenant wants such commands refused.
    pub(super) async fn of(
        gateway: &Gateway,
        tenant: &Tenant,
        context: ContextSlice,
        route: CommandRoute,
        data: &RawValue,
    ) -> Result<Self, Problem> {
        let policy = gateway.catalogue.unknown_queues(tenant);
        let named = if policy == UnknownQueues::Allow {
            BTreeSet::new()
        } else {
            named(context.name, route.command, data)
        };
        let floor = &gateway.matcher.floor;
        // A floor that is still being read knows nobody.
        if named.is_empty() || floor.age().is_none() {
            return Ok(Self(Vec::new()));
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
        let unknown = once_known(known, |_| true).await.err().unwrap_or_default();
        if policy == UnknownQueues::Refuse && !unknown.is_empty() {
            return Err(Problem::new(QUEUE_UNKNOWN, told(&unknown)));
        }
        Ok(Self(unknown))
    }

    /// The answer, with what is to be said of these.
    pub(super) async fn warn(&self, response: HttpResponse) -> HttpResponse {
        if self.0.is_empty() || !response.status().is_success() {
            return response;
        }
        let warning = told(&self.0);
        edited(response, async |body| {
            body.insert("warnings".to_owned(), json!([warning]));
        })
        .await
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

fn told(unknown: &[QueueId]) -> String {
    let names: Vec<_> = unknown.iter().map(QueueId::as_str).collect();
    format!(
        "nobody has configured a queue of that name: {}",
        names.join(", ")
    )
}
