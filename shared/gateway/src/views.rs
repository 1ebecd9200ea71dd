//! `GET` of one value of a view. The body is the bytes the view holds.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::Principal;
use http::headers::{self, Freshness};
use http::problem::Problem;
use kernel::code::platform;
use kernel::id::AggregateId;
use kernel::port::ViewValue;
use kernel::topic::{self, PartitionId};
use kernel::{BadParameter, LogPosition, Parameters, Timestamp};
use pipeline::{
    Answer, Demand, FoldError, MinLogPosition, Query, Through, Unanswered, Until, ViewSlice,
};

use crate::access::Passage;
use crate::commands::joined;
use crate::gateway::Gateway;
use crate::limits::Class;

pub(crate) async fn get(
    request: &HttpRequest,
    path: &Parameters,
    principal: &Principal,
    gateway: &Gateway,
    view: ViewSlice,
) -> Result<HttpResponse, Problem> {
    let passage = gateway
        .enter(principal, Class::Read, view.route.allow)
        .await?;
    let id = AggregateId::new(&joined(path))
        .map_err(|error| Problem::new(platform::PARAMETER_MALFORMED, error.to_string()))?;
    let key = topic::key(&principal.tenant, &id);
    let parameters = parameters(request);
    let until = until_of(gateway, view, &key, &parameters)?;
    let refold = (view.asks_refold)(&parameters).map_err(|bad| bad_parameter(&bad))?;
    let answer = if until.is_some() || refold {
        let until = until.unwrap_or(Until::Now);
        // Rare and large: on the heap, it does not make every answer's future as large.
        Box::pin(folded(gateway, principal, view, &key, until, &parameters)).await
    } else {
        let demand = demand(request, gateway, view, &key)?;
        gateway.query.get(&view, &key, demand).await
    };
    let answer = answer.map_err(refused)?;
    let Some(value) = &answer.value else {
        return Err(Problem::new(
            platform::NOT_FOUND,
            format!("no such {}", view.id.name),
        ));
    };
    if passage == Passage::Narrow {
        gateway.admit_read(principal, &view, &id, &value.body)?;
    }
    let body = (view.beside)(&value.body, &parameters).map_err(|error| match error {
        FoldError::Parameter(bad) => bad_parameter(&bad),
        FoldError::Undecodable(error) => Problem::defect(error),
    })?;
    let known = headers::if_none_match(request.headers())?
        .is_some_and(|tags| tags.matches_weakly(value.version));
    let mut response = if known {
        HttpResponse::NotModified().finish()
    } else {
        let body = body.unwrap_or_else(|| Bytes::clone(&value.body));
        let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    };
    freshness(&answer, value, view.of).write(response.headers_mut());
    headers::mark_degraded(response.headers_mut(), &answer.degraded);
    Ok(response)
}

/// The value as of a moment, or under other rules: away from the threads that serve.
async fn folded(
    gateway: &Gateway,
    principal: &Principal,
    view: ViewSlice,
    key: &Arc<str>,
    until: Until,
    parameters: &Parameters,
) -> Result<Answer, Unanswered> {
    let (key, parameters) = (Arc::clone(key), parameters.clone());
    let fold = |query: Query| async move { query.folded(&view, &key, until, &parameters).await };
    gateway
        .query
        .run_expensive(principal.tenant.as_str(), fold)
        .await
}

fn freshness(answer: &Answer, value: &ViewValue, context: &'static str) -> Freshness {
    let partition_id = PartitionId {
        context,
        partition: value.partition,
    };
    Freshness {
        version: Some(value.version),
        log_position: Some(LogPosition::new(partition_id, value.log_position)),
        as_of: value.as_of,
        age: answer.age,
    }
}

/// The moment that `?as_of=` names for one key: a token must be of its partition.
fn until_of(
    gateway: &Gateway,
    view: ViewSlice,
    key: &str,
    parameters: &Parameters,
) -> Result<Option<Until>, Problem> {
    let token = parameters.get("as_of").map(str::parse::<LogPosition>);
    if let Some(Ok(token)) = token {
        if token.partition_id(&[view.of]).is_none() {
            let detail = format!("as_of is a place in other events than those of {}", view.of);
            return Err(Problem::new(platform::PARAMETER_MALFORMED, detail));
        }
        own_partition(gateway, key, &token)?;
    }
    until(parameters)
}

/// The moment that `?as_of=` names: an instant, or a position of the key's partition.
pub(crate) fn until(parameters: &Parameters) -> Result<Option<Until>, Problem> {
    let Some(text) = parameters.get("as_of") else {
        return Ok(None);
    };
    if let Ok(token) = text.parse::<LogPosition>() {
        return Ok(Some(Until::LogPosition(token.log_position)));
    }
    // A `+` of an offset that was not percent-encoded arrives as a space.
    match text.replace(' ', "+").parse::<Timestamp>() {
        Ok(time) => Ok(Some(Until::Time(time))),
        Err(_) => {
            let detail =
                "as_of is neither a date-time with offset nor a position such as trades-2:17";
            Err(Problem::new(platform::PARAMETER_MALFORMED, detail))
        }
    }
}

/// As they were found to be readable, and known, before the request came here.
pub(crate) fn parameters(request: &HttpRequest) -> Parameters {
    parameters_in(request.query_string())
}

/// The same of a query string.
pub(crate) fn parameters_in(query: &str) -> Parameters {
    if query.is_empty() {
        return Parameters::default();
    }
    let query = web::Query::<Vec<(String, String)>>::from_query(query);
    Parameters(query.map(web::Query::into_inner).unwrap_or_default())
}

/// The problem of a parameter that cannot be followed.
#[must_use]
pub fn bad_parameter(bad: &BadParameter) -> Problem {
    Problem::new(platform::PARAMETER_MALFORMED, bad.to_string())
}

fn demand(
    request: &HttpRequest,
    gateway: &Gateway,
    view: ViewSlice,
    key: &str,
) -> Result<Demand, Problem> {
    let min_log_position = headers::min_log_position(request.headers())?;
    let min_log_position = min_log_position.map(|token| place(gateway, view, key, &token));
    Ok(Demand {
        min_log_position: min_log_position.transpose()?,
        max_age: headers::max_age(request.headers()),
    })
}

/// What a token means to a view: a place among its own events, or among those that reach it by a
/// reaction.
fn place(
    gateway: &Gateway,
    view: ViewSlice,
    key: &str,
    token: &LogPosition,
) -> Result<MinLogPosition, Problem> {
    let malformed = |detail: String| Problem::new(platform::PARAMETER_MALFORMED, detail);
    let slices = &gateway.table.slices;
    let reactions = &slices.reactions;
    let leading: Vec<_> = reactions
        .iter()
        .filter(|leads| leads.to == view.of)
        .collect();
    let partition_id = token.partition_id(&slices.names());
    let partition_id =
        partition_id.filter(|partition_id| partition_id.partition < gateway.partitions);
    let Some(partition_id) = partition_id else {
        return Err(malformed(format!("there is no place {token}")));
    };
    if partition_id.context == view.of {
        own_partition(gateway, key, token)?;
        return Ok(MinLogPosition::Own(token.log_position));
    }
    let leading = leading
        .into_iter()
        .find(|leads| leads.on == partition_id.context);
    let Some(reaction) = leading else {
        let detail = format!(
            "events of {} do not lead to {}",
            partition_id.context, view.of
        );
        return Err(malformed(detail));
    };
    Ok(MinLogPosition::Through(Through {
        reaction: reaction.clone(),
        partition: partition_id.partition,
        log_position: token.log_position,
    }))
}

/// A place in another partition says nothing of a key.
fn own_partition(gateway: &Gateway, key: &str, token: &LogPosition) -> Result<(), Problem> {
    let own = topic::partition_of(key.as_bytes(), gateway.partitions);
    if token.partition == own {
        return Ok(());
    }
    let detail = format!("{token} is not of the partition of what is asked for, which is {own}");
    Err(Problem::new(platform::PARAMETER_MALFORMED, detail))
}

/// The problem of a query that was not answered.
#[must_use]
pub fn refused(unanswered: Unanswered) -> Problem {
    match unanswered {
        Unanswered::Behind { seen, wanted } => {
            let detail = format!("view has seen position {seen}, not yet {wanted}");
            Problem::new(platform::BEHIND, detail).retry_after(1)
        }
        Unanswered::Unanswerable(bad) => bad_parameter(&bad),
        Unanswered::Undecodable { .. } => Problem::defect(unanswered),
        Unanswered::Overspent { retry_after } => {
            let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX);
            Problem::new(platform::OVERLOADED, unanswered.to_string())
                .retry_after(seconds.saturating_add(1))
        }
        Unanswered::Crowded => {
            Problem::new(platform::DEPENDENCY_UNAVAILABLE, unanswered.to_string()).retry_after(1)
        }
        Unanswered::Unavailable { degraded } => {
            let detail = format!("no store can answer now: {}", degraded.join(", "));
            Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).retry_after(1)
        }
    }
}
