//! `POST` of a command: validate, accept, and wait if the caller prefers to.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::Principal;
use http::body::JsonBody;
use http::headers;
use http::problem::Problem;
use kernel::batch::{Outcome, Resolution};
use kernel::code::platform;
use kernel::id::{AggregateId, CommandId, Identity, Tenant};
use kernel::label::BadLabel;
use kernel::route::{CommandRoute, IdFrom};
use kernel::topic::{self, PartitionId};
use kernel::{LogPosition, Parameters};
use pipeline::ContextSlice;
use pipeline::accept::Request;
use resilience::Deadline;
use serde_json::Map;
use serde_json::value::RawValue;

use crate::access::{Commanded, Passage};
use crate::admission::{Addressed, Admission, Admitted};
use crate::edited::warned;
use crate::faults::unexplained;
use crate::gateway::Gateway;
use crate::keys::{Scope, reused};
use crate::limits::Class;

/// How long the look for an earlier answer may take.
const INBOX_WAIT: Duration = Duration::from_millis(500);

/// A command's route, and what looks at it first.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) context: ContextSlice,
    pub(crate) route: CommandRoute,
    pub(crate) admissions: Vec<Arc<dyn Admission>>,
}

impl Post {
    pub(crate) fn new(gateway: &Gateway, context: ContextSlice, route: CommandRoute) -> Self {
        let concerned = gateway.admissions.iter();
        let concerned = concerned.filter(|all| all.concerns(context.name, route.command));
        Self {
            context,
            route,
            admissions: concerned.cloned().collect(),
        }
    }

    pub(crate) async fn answer(
        &self,
        request: &HttpRequest,
        path: &Parameters,
        principal: &Principal,
        body: &JsonBody,
        gateway: &Gateway,
    ) -> Result<HttpResponse, Problem> {
        let (context, route) = (self.context, self.route);
        let passage = gateway
            .enter(principal, Class::Command, route.allow)
            .await?;
        let faults = |error| {
            let faults = gateway.document.faults(route.path, body.bytes());
            faults.unwrap_or(error)
        };
        let (mut aggregate, data) = addressed(path, body, route).map_err(faults)?;
        if !context.blanks_in_ids {
            aggregate = aggregate
                .without_blanks()
                .map_err(|error| malformed(&error))?;
        }
        if passage == Passage::Narrow {
            let commanded = self.commanded(principal, &aggregate, &data);
            let asked = commanded.asked();
            let asked = asked.map_err(|error| faults(unexplained(&error)))?;
            commanded.admit(gateway, asked).await?;
        }
        let mut warning = None;
        for admission in &self.admissions {
            let command = Addressed {
                context,
                route,
                principal,
                headers: request.headers(),
                aggregate: &aggregate,
                data: &data,
            };
            match admission.admit(&command).await? {
                Admitted::Accept { warning: found } => warning = found.or(warning),
                Admitted::Answered(answer) => return Ok(answer),
            }
        }
        let data = (context.canonical)(route.command, &data)
            .map_err(|error| faults(unexplained(&error)))?;
        let answer = accepted(
            request, principal, gateway, context, route, &aggregate, &data,
        )
        .await?;
        Ok(match warning {
            Some(warning) => warned(answer, warning).await,
            None => answer,
        })
    }
}

impl Post {
    fn commanded<'a>(
        &self,
        principal: &'a Principal,
        aggregate: &'a AggregateId,
        data: &'a RawValue,
    ) -> Commanded<'a> {
        Commanded {
            principal,
            context: self.context,
            route: self.route,
            aggregate,
            data,
        }
    }
}

async fn accepted(
    request: &HttpRequest,
    principal: &Principal,
    gateway: &Gateway,
    context: ContextSlice,
    route: CommandRoute,
    aggregate: &AggregateId,
    data: &RawValue,
) -> Result<HttpResponse, Problem> {
    let (tenant, key) = (&principal.tenant, headers::command_key(request.headers())?);
    let id = key.as_ref();
    let id = id.map(|key| CommandId::of_caller(key, tenant, context.name, aggregate));
    let actor = gateway.venues.known(principal);
    let identity = context.asks_identity.then(|| Identity::of(principal));
    let command = Request {
        context: context.name,
        tenant,
        actor: &actor,
        identity,
        aggregate,
        id,
        kind: route.command,
        data,
        expected_version: headers::expected_version(request.headers())?,
        correlation: correlation(request.headers())?,
        causation: None,
    };
    let wait = headers::wait(request.headers());
    let Some(key) = key else {
        return answer(gateway, command, wait).await;
    };
    match gateway.bind(tenant, &key, command.digest()).await? {
        Scope::Bound => answer(gateway, command, wait).await,
        // The aggregate's own inbox decides; a use for another one is not noticed.
        Scope::Unknown => match answer(gateway, command, wait).await {
            Ok(mut response) => {
                headers::mark_degraded(response.headers_mut(), &[headers::KEY_SCOPE]);
                Ok(response)
            }
            Err(problem) => Err(problem.key_scope_unknown()),
        },
    }
}

/// Appends the command, and answers with what became of it if that is wanted and known in time.
async fn answer(
    gateway: &Gateway,
    command: Request<'_>,
    wait: Duration,
) -> Result<HttpResponse, Problem> {
    let (tenant, partition_id) = (command.tenant, partition_id(gateway, &command));
    let inbox = Inbox {
        gateway,
        partition_id,
        body_hash: command.body_hash(),
    };
    if wait.is_zero() {
        if let Some(id) = command.id
            && let Some(first) = inbox.answer(id).await?
        {
            return replayed(settled(id, partition_id, &Resolution::Handled(first)));
        }
        let id = gateway.acceptor.accept(command).await?;
        return Ok(pending(gateway, tenant, id));
    }
    let waiting = gateway.acceptor.accept_and_wait(command).await?;
    let id = waiting.command;
    if let Ok(Some(reply)) = tokio::time::timeout(wait, waiting.outcome()).await {
        let answer = settled(id, partition_id, &reply.resolution);
        return if reply.repeated {
            replayed(answer)
        } else {
            answer
        };
    }
    // Replies can be lost, and a repeated command permission not wait for a processor that is behind.
    match inbox.answer(id).await? {
        Some(first) => settled(id, partition_id, &Resolution::Handled(first)),
        // Running out of patience is no failure: the command is durable and will be handled.
        None => Ok(pending(gateway, tenant, id)),
    }
}

/// The aggregate a request is for, and the command's data without what only addressed it.
fn addressed(
    path: &Parameters,
    body: &JsonBody,
    route: CommandRoute,
) -> Result<(AggregateId, Box<RawValue>), Problem> {
    let (id, data) = match route.id {
        IdFrom::Path => (joined(path), body.parse()?),
        IdFrom::Body(fields) => {
            let mut data: Map<String, serde_json::Value> = body.parse()?;
            let mut parts = Vec::new();
            for field in fields {
                match data.remove(*field) {
                    Some(serde_json::Value::String(text)) => parts.push(text),
                    _ => {
                        return Err(Problem::new(platform::BODY_MALFORMED, "the id is missing")
                            .at(format!("/{field}"), "a text is wanted here"));
                    }
                }
            }
            let data = serde_json::value::to_raw_value(&data).map_err(Problem::defect)?;
            (parts.join("/"), data)
        }
    };
    let id = AggregateId::new(&id).map_err(|error| malformed(&error))?;
    Ok((id, data))
}

/// The values of a path as one id.
pub(crate) fn joined(path: &Parameters) -> String {
    let values: Vec<_> = path.0.iter().map(|(_, value)| value.as_str()).collect();
    values.join("/")
}

fn malformed(error: &BadLabel) -> Problem {
    Problem::new(platform::PARAMETER_MALFORMED, error.to_string())
}

fn correlation(headers: &HeaderMap) -> Result<Option<AggregateId>, Problem> {
    let Some(value) = headers.get("correlation-id") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let id = AggregateId::new(text).and_then(AggregateId::without_blanks);
    id.map(Some).map_err(|error| {
        Problem::new(
            platform::PARAMETER_MALFORMED,
            format!("header correlation-id: {error}"),
        )
    })
}

fn partition_id(gateway: &Gateway, command: &Request<'_>) -> PartitionId {
    let key = topic::key(command.tenant, command.aggregate);
    let partition = topic::partition_of(key.as_bytes(), gateway.partitions);
    PartitionId {
        context: command.context,
        partition,
    }
}

/// What the partition of a command knows of it without the processor's help.
struct Inbox<'c> {
    gateway: &'c Gateway,
    partition_id: PartitionId,
    body_hash: i64,
}

impl Inbox<'_> {
    /// The answer that the id was given, if it was. A store that cannot say leaves it to the
    /// processor, which always knows.
    async fn answer(&self, id: CommandId) -> Result<Option<Outcome>, Problem> {
        let ids = [id];
        let look_up = || self.gateway.reader.outcomes(self.partition_id, &ids);
        let guard = &self.gateway.reader_guard;
        let found = guard.call(Deadline::within(INBOX_WAIT), look_up).await;
        let Some(first) = found.ok().and_then(|rows| rows.into_iter().next()) else {
            return Ok(None);
        };
        if first.body_hash == self.body_hash {
            return Ok(Some(first.outcome));
        }
        Err(reused())
    }
}

/// Marks an answer that was given before, be it a yes or a no.
fn replayed(answer: Result<HttpResponse, Problem>) -> Result<HttpResponse, Problem> {
    let mut response = answer.map_err(Problem::replayed)?;
    headers::mark_replayed(response.headers_mut());
    Ok(response)
}

fn pending(gateway: &Gateway, tenant: &Tenant, id: CommandId) -> HttpResponse {
    gateway.recent.note(id, tenant.clone());
    HttpResponse::Accepted()
        .insert_header((LOCATION, location(id)))
        .json(serde_json::json!({ "command_id": id, "status": "pending" }))
}

fn location(id: CommandId) -> String {
    format!("/v1/commands/{id}")
}

/// What a command that is settled is answered with, now or later.
fn settled(
    id: CommandId,
    partition_id: PartitionId,
    resolution: &Resolution,
) -> Result<HttpResponse, Problem> {
    let status = match resolution {
        Resolution::Handled(Outcome::Rejected {
            code,
            http_status,
            detail,
            ..
        }) => return Err(Problem::stored(code, *http_status, detail)),
        Resolution::Handled(Outcome::Accepted {
            version, events, ..
        }) if *events > 0 && *version == u64::from(*events) => StatusCode::CREATED,
        Resolution::Handled(Outcome::Accepted { .. }) => StatusCode::OK,
        // It is kept, and a person has to look at it.
        Resolution::Parked(_) => StatusCode::ACCEPTED,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((LOCATION, location(id)));
    if let Resolution::Handled(outcome) = resolution
        && let Some(log_position) = outcome.last_log_position()
    {
        let token = LogPosition::new(partition_id, log_position);
        response.insert_header(("x-log-position", token.to_string()));
    }
    Ok(response.json(pipeline::report(id, partition_id, resolution)))
}
