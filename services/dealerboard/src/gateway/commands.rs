//! `POST` of a command: validate, accept, and wait if the caller prefers to.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, Route};
use http::auth::Principal;
use http::body::JsonBody;
use http::headers::{self, PositionToken};
use http::problem::Problem;
use kernel::batch::Outcome;
use kernel::code::platform;
use kernel::id::{AggregateId, CommandId};
use kernel::route::{CommandRoute, IdFrom};
use kernel::topic::{self, Shard};
use pipeline::ContextSlice;
use pipeline::accept::Request;
use resilience::Deadline;
use serde_json::Map;
use serde_json::value::RawValue;

use super::{Gateway, Shared, joined_parameters};

/// How long the look for an earlier answer may take.
const INBOX_WAIT: Duration = Duration::from_millis(500);

pub(super) fn route(context: ContextSlice, route: CommandRoute) -> Route {
    web::post().to(
        move |request: HttpRequest,
              principal: Principal,
              body: JsonBody,
              gateway: Shared| async move {
            post(&request, &principal, &body, &gateway, context, route).await
        },
    )
}

async fn post(
    request: &HttpRequest,
    principal: &Principal,
    body: &JsonBody,
    gateway: &Gateway,
    context: ContextSlice,
    route: CommandRoute,
) -> Result<HttpResponse, Problem> {
    let (aggregate, data) = addressed(request, body, route)?;
    let data = (context.canonical)(route.command, &data).map_err(|error| {
        Problem::new(platform::BODY_MALFORMED, "body does not fit its schema")
            .at("", error.to_string())
    })?;
    let id = headers::command_id(request.headers(), &principal.tenant)?;
    let command = Request {
        context: context.name,
        tenant: &principal.tenant,
        actor: &principal.actor,
        aggregate: &aggregate,
        id,
        kind: route.command,
        data: &data,
        expected_version: headers::expected_version(request.headers())?,
        correlation: correlation(request.headers())?,
        causation: None,
    };
    let inbox = Inbox {
        gateway,
        shard: shard(gateway, context, &command),
        kind: route.command,
        data: &data,
    };
    let wait = headers::wait(request.headers());
    if wait.is_zero() {
        if let Some(id) = id
            && let Some(first) = inbox.answer(id).await?
        {
            return replayed(outcome(id, inbox.shard, &first));
        }
        let id = gateway
            .acceptor
            .accept(command)
            .await
            .map_err(Problem::from)?;
        return Ok(pending(gateway, principal, id));
    }
    let waiting = gateway
        .acceptor
        .accept_and_wait(command)
        .await
        .map_err(Problem::from)?;
    let id = waiting.command;
    if let Ok(Some(reply)) = tokio::time::timeout(wait, waiting.outcome()).await {
        // The partition that answered, which another one is if the key was used for its aggregate.
        let shard = Shard {
            partition: reply.partition,
            ..inbox.shard
        };
        let answer = outcome(id, shard, &reply.outcome);
        return if reply.repeated {
            replayed(answer)
        } else {
            answer
        };
    }
    // Replies can be lost, and a repeated command need not wait for a processor that is behind.
    match inbox.answer(id).await? {
        Some(first) => outcome(id, inbox.shard, &first),
        // Running out of patience is no failure: the command is durable and will be handled.
        None => Ok(pending(gateway, principal, id)),
    }
}

/// The aggregate a request is for, and the command's data without what only addressed it.
fn addressed(
    request: &HttpRequest,
    body: &JsonBody,
    route: CommandRoute,
) -> Result<(AggregateId, Box<RawValue>), Problem> {
    let (id, data) = match route.id {
        IdFrom::Path => (joined_parameters(request, route.path), body.parse()?),
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
    let id = AggregateId::new(&id)
        .map_err(|error| Problem::new(platform::PARAMETER_MALFORMED, error.to_string()))?;
    Ok((id, data))
}

fn correlation(headers: &HeaderMap) -> Result<Option<AggregateId>, Problem> {
    let Some(value) = headers.get("correlation-id") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    AggregateId::new(text).map(Some).map_err(|error| {
        Problem::new(
            platform::PARAMETER_MALFORMED,
            format!("header correlation-id: {error}"),
        )
    })
}

fn shard(gateway: &Gateway, context: ContextSlice, command: &Request<'_>) -> Shard {
    let key = topic::key(command.tenant, command.aggregate);
    let partition = topic::partition_of(key.as_bytes(), gateway.partitions);
    Shard {
        context: context.name,
        partition,
    }
}

/// What the partition of a command knows of it without the processor's help.
struct Inbox<'c> {
    gateway: &'c Gateway,
    shard: Shard,
    kind: &'c str,
    data: &'c RawValue,
}

impl Inbox<'_> {
    /// The answer that the id was given, if it was. A store that cannot say leaves it to the
    /// processor, which always knows.
    async fn answer(&self, id: CommandId) -> Result<Option<Outcome>, Problem> {
        let ids = [id];
        let look_up = || self.gateway.reader.outcomes(self.shard, &ids);
        let guard = &self.gateway.reader_guard;
        let found = guard.call(Deadline::within(INBOX_WAIT), look_up).await;
        let Some(first) = found.ok().and_then(|rows| rows.into_iter().next()) else {
            return Ok(None);
        };
        if first.body_hash == pipeline::body_hash(self.kind, self.data.get()) {
            return Ok(Some(first.outcome));
        }
        let detail = "the idempotency key was used before with another body";
        Err(Problem::new(platform::COMMAND_ID_REUSED, detail))
    }
}

/// Marks an answer that was given before, be it a yes or a no.
fn replayed(answer: Result<HttpResponse, Problem>) -> Result<HttpResponse, Problem> {
    let mut response = answer.map_err(Problem::replayed)?;
    headers::mark_replayed(response.headers_mut());
    Ok(response)
}

fn pending(gateway: &Gateway, principal: &Principal, id: CommandId) -> HttpResponse {
    gateway.recent.insert(id, principal.tenant.clone());
    HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/v1/commands/{id}")))
        .json(serde_json::json!({ "command_id": id, "status": "pending" }))
}

/// What a handled command is answered with, now or later.
pub(super) fn outcome(
    id: CommandId,
    shard: Shard,
    outcome: &Outcome,
) -> Result<HttpResponse, Problem> {
    match outcome {
        Outcome::Rejected {
            code,
            http_status,
            detail,
            ..
        } => Err(Problem::stored(code, *http_status, detail)),
        Outcome::Accepted {
            version, events, ..
        } => {
            let created = *events > 0 && *version == u64::from(*events);
            let status = if created {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let mut response = HttpResponse::build(status);
            response.insert_header((LOCATION, format!("/v1/commands/{id}")));
            if let Some(position) = outcome.last_position() {
                let token = PositionToken::new(shard, position);
                response.insert_header(("x-position", token.to_string()));
            }
            Ok(response.json(told(id, shard, outcome)))
        }
    }
}

/// An outcome as JSON.
pub(super) fn told(id: CommandId, shard: Shard, outcome: &Outcome) -> serde_json::Value {
    let aggregate = |key: &Arc<str>| {
        key.split_once('/')
            .map(|(_, aggregate)| aggregate.to_owned())
    };
    match outcome {
        Outcome::Accepted {
            key,
            version,
            events,
            ..
        } => serde_json::json!({
            "command_id": id,
            "status": "accepted",
            "context": shard.context,
            "aggregate_id": aggregate(key),
            "version": version,
            "events": events,
            "position": outcome
                .last_position()
                .map(|position| PositionToken::new(shard, position).to_string()),
        }),
        Outcome::Rejected {
            key,
            version,
            code,
            http_status,
            detail,
        } => serde_json::json!({
            "command_id": id,
            "status": "rejected",
            "context": shard.context,
            "aggregate_id": aggregate(key),
            "version": version,
            "code": &**code,
            "http_status": http_status,
            "detail": &**detail,
        }),
    }
}
