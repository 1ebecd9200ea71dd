//! RFC 9457 problems: the one shape of everything that is refused.

mod convert;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use kernel::Permission;
use kernel::code::{Code, Fault, platform};
use schemars::JsonSchema;
use serde::Serialize;

use crate::headers::{self, security};
use crate::json::JsonFault;

pub(crate) use convert::{of_error, of_response};

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Wait advised when nothing better is known, seconds: long enough to pass a broker's election or
/// a database's failover in a few tries, short enough for a person at a screen.
const RETRY_AFTER_S: NonZeroU32 = NonZeroU32::new(2).expect("not zero");

/// A refusal as its caller sees it. Status and retry come from the code table alone.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    code: Cow<'static, str>,
    status: StatusCode,
    detail: Cow<'static, str>,
    places: Vec<Place>,
    /// Seconds; present iff the same request may succeed later.
    retry_after_s: Option<NonZeroU32>,
    trace_id: Option<Box<str>>,
    beside: Option<Box<Beside>>,
    /// It was answered before.
    replayed: bool,
    /// The other uses of the caller's key could not be looked up.
    key_scope_unknown: bool,
    /// For the log, never for the caller.
    #[source]
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What the caller of a refused request lacks.
#[derive(Clone, Debug)]
enum Beside {
    Remedy {
        permission: Option<Permission>,
        fix: String,
    },
    Quota {
        policy: String,
        left: String,
    },
}

/// The place in the body that made the request fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// RFC 6901 JSON pointer into the request body.
    pub pointer: String,
    pub detail: String,
    /// The value that stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What could stand there, where that is a short list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl Problem {
    /// `detail` is for this occurrence: lower-case, no period, nothing the caller may not know.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let (status, retryable) = code.kind.status_and_retry();
        Self {
            code: Cow::Borrowed(code.name),
            status: status_of(status),
            detail: detail.into(),
            places: Vec::new(),
            retry_after_s: retryable.then_some(RETRY_AFTER_S),
            trace_id: None,
            beside: None,
            replayed: false,
            key_scope_unknown: false,
            cause: None,
        }
    }

    /// The aggregate's no, as it was decided.
    #[must_use]
    pub fn rejection(rejection: &impl kernel::Rejection) -> Self {
        Self::new(rejection.code(), rejection.to_string())
    }

    /// A rejection as the store keeps it: its status was taken from the table when it was decided.
    #[must_use]
    pub fn stored(code: &str, http_status: u16, detail: &str) -> Self {
        Self {
            code: Cow::Owned(code.to_owned()),
            status: status_of(http_status),
            detail: Cow::Owned(detail.to_owned()),
            places: Vec::new(),
            retry_after_s: None,
            trace_id: None,
            beside: None,
            replayed: false,
            key_scope_unknown: false,
            cause: None,
        }
    }

    /// Our own mistake: the caller learns that, the log learns the cause.
    pub fn defect(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(platform::DEFECT, "the request met a defect of the platform").because(cause)
    }

    /// Names a place in the body.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.with(Place {
            pointer: pointer.into(),
            detail: detail.into(),
            found: None,
            wanted: None,
            values: Vec::new(),
        })
    }

    /// Adds a place in the body.
    #[must_use]
    pub fn with(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Replaces the advised wait, seconds, one at least; has no effect when a retry cannot help.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        let seconds = NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN);
        self.retry_after_s = self.retry_after_s.map(|_| seconds);
        self
    }

    /// Names the permission that is missing, and the remedy: a call, a command, a line of configuration.
    #[must_use]
    pub fn needs(mut self, permission: Permission, fix: String) -> Self {
        let permission = Some(permission);
        self.beside = Some(Box::new(Beside::Remedy { permission, fix }));
        self
    }

    /// Names the remedy where no permission is missing.
    #[must_use]
    pub fn mended_by(mut self, fix: String) -> Self {
        let permission = None;
        self.beside = Some(Box::new(Beside::Remedy { permission, fix }));
        self
    }

    /// Names the quota that is used up: the values of the headers `RateLimit-Policy` and `RateLimit`.
    #[must_use]
    pub fn limited(mut self, policy: String, left: String) -> Self {
        self.beside = Some(Box::new(Beside::Quota { policy, left }));
        self
    }

    /// Marks it as a repetition of the first answer.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }

    /// Marks it as given although the key's other uses could not be looked up.
    #[must_use]
    pub fn key_scope_unknown(mut self) -> Self {
        self.key_scope_unknown = true;
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    pub(crate) fn traced(mut self, trace_id: Option<&str>) -> Self {
        self.trace_id = trace_id.map(Into::into);
        self
    }

    /// The public code, such as `VERSION_CONFLICT`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What is said of this occurrence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn document(&self) -> Document<'_> {
        let (permission, fix) = match self.beside.as_deref() {
            Some(Beside::Remedy { permission, fix }) => (permission.as_ref(), Some(fix.as_str())),
            Some(Beside::Quota { .. }) | None => (None, None),
        };
        Document {
            kind: format!("/docs/errors/{}", self.code),
            // RFC 9457: the same for every occurrence of the type, so it is the code in words.
            title: self.code.to_lowercase().replace('_', " "),
            status: self.status.as_u16(),
            code: &self.code,
            detail: &self.detail,
            errors: &self.places,
            retryable: self.retry_after_s.is_some(),
            retry_after: self.retry_after_s.map(NonZeroU32::get),
            permission: permission.map(Permission::to_string),
            fix,
            trace_id: self.trace_id.as_deref(),
        }
    }
}

/// A problem as it is sent: RFC 9457, with a stable code and whether a retry can help.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Place]>::is_empty")]
    errors: &'a [Place],
    retryable: bool,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    /// The permission that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<String>,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

/// A status that is none can only come from a damaged store.
fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.get()));
        }
        if let Some(Beside::Quota { policy, left }) = self.beside.as_deref() {
            response.insert_header(("ratelimit-policy", policy.as_str()));
            response.insert_header(("ratelimit", left.as_str()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
        }
        if self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110 §15.5.16: names what would have been accepted.
            response.insert_header((header::ACCEPT_ENCODING, "identity"));
        }
        let body = serde_json::to_vec(&self.document())
            .expect("a document of texts and numbers has no key or value that JSON lacks");
        let mut response = response.body(body);
        security::apply(response.headers_mut());
        if self.replayed {
            headers::mark_replayed(response.headers_mut());
        }
        if self.key_scope_unknown {
            headers::mark_degraded(response.headers_mut(), &[headers::KEY_SCOPE]);
        }
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(
            platform::DEPENDENCY_UNAVAILABLE,
            "a part of the platform does not answer",
        )
        .because(fault)
    }
}

impl From<JsonFault> for Problem {
    fn from(fault: JsonFault) -> Self {
        Self::new(platform::BODY_MALFORMED, "body is not strict JSON")
            .at(fault.pointer, fault.reason)
    }
}
