//! The problem behind what actix itself refuses.

use actix_web::error::{Error, JsonPayloadError, PayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use kernel::code::platform;

use super::Problem;

/// The problem that an error means. Of an unknown error only the status is trusted: its
/// text may hold what no caller should read.
pub(crate) fn of_error(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    if let Some(error) = error.as_error::<QueryPayloadError>() {
        return Problem::new(platform::PARAMETER_MALFORMED, format!("query: {error}"));
    }
    if let Some(error) = error.as_error::<PayloadError>() {
        return of_payload(error);
    }
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return of_json(error);
    }
    of_status(error.as_response_error().status_code()).unwrap_or_else(unknown)
}

/// The problem behind a refusal that is not a problem itself, such as a route that is not
/// there; `None` when the answer is no refusal.
pub(crate) fn of_response(status: StatusCode, error: Option<&Error>) -> Option<Problem> {
    if !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    match error {
        Some(error) => Some(of_error(error)),
        None => Some(of_status(status).unwrap_or_else(unknown)),
    }
}

pub(crate) fn of_payload(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new(platform::BODY_TOO_LARGE, "body is too large"),
        _ => Problem::new(platform::BODY_MALFORMED, "body cannot be read to its end"),
    }
}

fn of_json(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            Problem::new(platform::BODY_TOO_LARGE, "body is too large")
        }
        JsonPayloadError::ContentType => Problem::new(
            platform::MEDIA_UNSUPPORTED,
            "body is not of type application/json",
        ),
        JsonPayloadError::Payload(error) => of_payload(error),
        JsonPayloadError::Deserialize(error) => {
            Problem::new(platform::BODY_MALFORMED, "body does not fit its schema")
                .at("", error.to_string())
        }
        _ => unknown(),
    }
}

fn of_status(status: StatusCode) -> Option<Problem> {
    let (code, detail) = match status {
        StatusCode::UNAUTHORIZED => (platform::TOKEN_INVALID, "no valid token"),
        StatusCode::FORBIDDEN => (platform::NOT_ALLOWED, "not allowed"),
        StatusCode::NOT_FOUND => (platform::NOT_FOUND, "nothing is served under this path"),
        StatusCode::METHOD_NOT_ALLOWED => (
            platform::METHOD_NOT_ALLOWED,
            "this path does not serve the method",
        ),
        StatusCode::PRECONDITION_FAILED => (platform::PRECONDITION_FAILED, "precondition failed"),
        StatusCode::PAYLOAD_TOO_LARGE => (platform::BODY_TOO_LARGE, "body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (platform::MEDIA_UNSUPPORTED, "body is of an unserved type")
        }
        StatusCode::TOO_MANY_REQUESTS => (platform::OVERLOADED, "too many requests"),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::BAD_GATEWAY => {
            (
                platform::DEPENDENCY_UNAVAILABLE,
                "a part of the platform does not answer",
            )
        }
        other if other.is_client_error() => {
            (platform::PARAMETER_MALFORMED, "request cannot be read")
        }
        _ => return None,
    };
    Some(Problem::new(code, detail))
}

fn unknown() -> Problem {
    Problem::new(platform::DEFECT, "the request met a defect of the platform")
}
