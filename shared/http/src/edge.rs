//! The first and last code a request meets: bounds, a deadline, and one shape for every answer.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use kernel::code::platform;

use crate::auth;
use crate::headers::security;
use crate::limits::Limits;
use crate::problem::{self, MEDIA_TYPE, Problem};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// An extension of an answer that is a page for the person in front of a browser: it says in words why
/// something is refused, and stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForPeople;

/// The outermost middleware of every app: `App::new().wrap(from_fn(edge))`.
///
/// Refuses by the head alone what is over its [`Limits`], ends what takes longer than the deadline,
/// turns every refusal, from any layer but the pages of [`ForPeople`], into a problem with the caller's trace id, and adds the
/// security headers that the handler did not set. Logs the cause of what is not the caller's fault.
///
/// # Errors
/// A [`Problem`] when the request ended without an answer of its own, such as at the deadline.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let trace_id = trace_id(request.headers());
    let trace_id = trace_id.as_deref();
    let limits = Limits::given(request.app_data());
    if let Err(problem) = limits.admit(request.head()) {
        return Ok(request.into_response(answer(problem, trace_id)));
    }
    let deadline = limits.deadline(request.headers());
    match within(deadline, next.call(request)).await {
        Some(Ok(response)) => Ok(finish(response.map_into_boxed_body(), trace_id)),
        Some(Err(error)) => Err(refuse(problem::of_error(&error), trace_id).into()),
        None => Err(refuse(too_late(), trace_id).into()),
    }
}

/// The result of `work`, unless that takes longer than `deadline`. An answer from memory is there
/// at once, and no timer is made for it.
async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let at_once = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    match at_once {
        Poll::Ready(done) => Some(done),
        Poll::Pending => tokio::time::timeout(deadline, work).await.ok(),
    }
}

fn too_late() -> Problem {
    // Not known to have failed: the same request under the same idempotency key is safe.
    Problem::new(
        platform::DEPENDENCY_UNAVAILABLE,
        "the answer took longer than its deadline",
    )
}

/// Makes a problem of a refusal, and secures every answer.
fn finish(
    mut response: ServiceResponse<BoxBody>,
    trace_id: Option<&str>,
) -> ServiceResponse<BoxBody> {
    auth::mark(&mut response);
    let is_told = is_problem(response.headers()) || is_for_people(&response);
    let refusal = if is_told && response.response().error().is_none() {
        None
    } else {
        problem::of_response(response.status(), response.response().error())
    };
    let Some(problem) = refusal else {
        security::apply(response.headers_mut());
        return response;
    };
    let (request, refused) = response.into_parts();
    let mut answered = answer(problem, trace_id);
    // Such as `Allow`, or an inner middleware's rate limit headers.
    for (name, value) in refused.headers() {
        let of_the_old_body = name == CONTENT_TYPE || name == CONTENT_LENGTH;
        if !of_the_old_body && !answered.headers().contains_key(name) {
            answered.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, answered)
}

fn answer(problem: Problem, trace_id: Option<&str>) -> HttpResponse {
    refuse(problem, trace_id).error_response()
}

/// The one place where the cause of a refusal is logged: behind it there is only the caller.
fn refuse(problem: Problem, trace_id: Option<&str>) -> Problem {
    let trace = trace_id.unwrap_or_default();
    let code = problem.code();
    match problem.status_code().as_u16() {
        500 => tracing::error!(code, trace, cause = chain(&problem), "request met a defect"),
        503 => tracing::warn!(code, trace, cause = chain(&problem), "request met a fault"),
        _ => tracing::debug!(code, trace, cause = chain(&problem), "request refused"),
    }
    problem.traced(trace_id)
}

/// The error and its sources, joined by `: `.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

fn is_for_people(response: &ServiceResponse<BoxBody>) -> bool {
    let extensions = response.response().extensions();
    extensions.get::<ForPeople>().is_some()
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == MEDIA_TYPE)
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
fn trace_id(headers: &HeaderMap) -> Option<Box<str>> {
    let parent = headers.get(&TRACEPARENT)?.to_str().ok()?;
    let mut fields = parent.split('-').skip(1);
    let id = fields.next()?;
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let valid = id.len() == 32 && id.bytes().all(lower_hex) && id.bytes().any(|byte| byte != b'0');
    valid.then(|| id.into())
}
