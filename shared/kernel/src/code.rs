//! The one table from code to HTTP status and retry. Nothing else picks a status.

use std::error::Error as StdError;
use std::fmt;

use crate::checksum::Damaged;

/// What a failure means to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// The caller is not known.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such thing, or it is not theirs.
    NotFound,
    /// The path exists, with other methods.
    MethodNotAllowed,
    /// The aggregate's state or version, or a used id, forbids it.
    Conflict,
    /// `If-Match` names another version.
    PreconditionFailed,
    /// Body, header or path is longer than admitted.
    TooLarge,
    /// The media type is not read here.
    UnsupportedMedia,
    /// Well-formed, but against a rule.
    Unprocessable,
    /// Too much was asked at once.
    TooMany,
    /// Our own mistake.
    Defect,
    /// A dependency does not answer.
    Unavailable,
}

impl Kind {
    /// HTTP status, and whether the same request may succeed later without a change.
    #[must_use]
    pub fn status_and_retry(self) -> (u16, bool) {
        match self {
            Self::Malformed => (400, false),
            Self::Unauthenticated => (401, false),
            Self::Forbidden => (403, false),
            Self::NotFound => (404, false),
            Self::MethodNotAllowed => (405, false),
            Self::Conflict => (409, false),
            Self::PreconditionFailed => (412, false),
            Self::TooLarge => (413, false),
            Self::UnsupportedMedia => (415, false),
            Self::Unprocessable => (422, false),
            Self::TooMany => (429, true),
            Self::Defect => (500, false),
            Self::Unavailable => (503, true),
        }
    }
}

/// A stable public code, `UPPER_SNAKE`; each has a page `docs/errors/<NAME>.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// As callers see it.
    pub name: &'static str,
    /// What it means to them: status and retry.
    pub kind: Kind,
}

impl Code {
    /// A code of that kind.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Codes that belong to the platform itself; a context's own are in its `rejection.rs`.
pub mod platform {
    use super::{Code, Kind};

    /// The body is not JSON, or does not fit its schema.
    pub const BODY_MALFORMED: Code = Code::new("BODY_MALFORMED", Kind::Malformed);
    /// A parameter or a header cannot be read.
    pub const PARAMETER_MALFORMED: Code = Code::new("PARAMETER_MALFORMED", Kind::Malformed);
    /// There is no token, or it does not hold.
    pub const TOKEN_INVALID: Code = Code::new("TOKEN_INVALID", Kind::Unauthenticated);
    /// A session's request does not prove that a page of the platform sent it.
    pub const CSRF_TOKEN_INVALID: Code = Code::new("CSRF_TOKEN_INVALID", Kind::Forbidden);
    /// What a provider sent is no notice that somebody is signed out there.
    pub const LOGOUT_TOKEN_INVALID: Code = Code::new("LOGOUT_TOKEN_INVALID", Kind::Malformed);
    /// The token does not allow this.
    pub const NOT_ALLOWED: Code = Code::new("NOT_ALLOWED", Kind::Forbidden);
    /// The caller's tenant is suspended.
    pub const TENANT_SUSPENDED: Code = Code::new("TENANT_SUSPENDED", Kind::Forbidden);
    /// The caller's tenant was not created, where tenants have to be.
    pub const TENANT_UNKNOWN: Code = Code::new("TENANT_UNKNOWN", Kind::Forbidden);
    /// No such thing is known.
    pub const NOT_FOUND: Code = Code::new("NOT_FOUND", Kind::NotFound);
    /// The path has no such method.
    pub const METHOD_NOT_ALLOWED: Code = Code::new("METHOD_NOT_ALLOWED", Kind::MethodNotAllowed);
    /// The command id was used before with another body.
    pub const COMMAND_ID_REUSED: Code = Code::new("COMMAND_ID_REUSED", Kind::Unprocessable);
    /// The aggregate is not at the version the command expected.
    pub const VERSION_CONFLICT: Code = Code::new("VERSION_CONFLICT", Kind::Conflict);
    /// `If-Match` does not name the current version.
    pub const PRECONDITION_FAILED: Code =
        Code::new("PRECONDITION_FAILED", Kind::PreconditionFailed);
    /// The conversation does not wait for an agent.
    pub const NOT_WAITING: Code = Code::new("NOT_WAITING", Kind::Conflict);
    /// The body is larger than admitted.
    pub const BODY_TOO_LARGE: Code = Code::new("BODY_TOO_LARGE", Kind::TooLarge);
    /// The body is not JSON by its media type.
    pub const MEDIA_UNSUPPORTED: Code = Code::new("MEDIA_UNSUPPORTED", Kind::UnsupportedMedia);
    /// Too many requests, or too expensive ones.
    pub const OVERLOADED: Code = Code::new("OVERLOADED", Kind::TooMany);
    /// A mistake of the platform itself.
    pub const DEFECT: Code = Code::new("DEFECT", Kind::Defect);
    /// What the answer needs cannot be reached.
    pub const DEPENDENCY_UNAVAILABLE: Code = Code::new("DEPENDENCY_UNAVAILABLE", Kind::Unavailable);
    /// `Min-Log-Position` was not reached within the wait.
    pub const BEHIND: Code = Code::new("BEHIND", Kind::Unavailable);

    /// Every code of this module, for the documentation test.
    pub const ALL: &[Code] = &[
        BODY_MALFORMED,
        PARAMETER_MALFORMED,
        TOKEN_INVALID,
        CSRF_TOKEN_INVALID,
        LOGOUT_TOKEN_INVALID,
        NOT_ALLOWED,
        TENANT_SUSPENDED,
        TENANT_UNKNOWN,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        COMMAND_ID_REUSED,
        VERSION_CONFLICT,
        PRECONDITION_FAILED,
        NOT_WAITING,
        BODY_TOO_LARGE,
        MEDIA_UNSUPPORTED,
        OVERLOADED,
        DEFECT,
        DEPENDENCY_UNAVAILABLE,
        BEHIND,
    ];
}

/// The aggregate refuses: a normal outcome, stored permanently under the command id, never retried.
///
/// `Display` is the sentence the caller reads: lower-case, no period, names the thing.
pub trait Rejection: StdError + Send + Sync + 'static {
    /// Every code that [`Self::code`] can return but those of the platform.
    const CODES: &'static [Code];

    /// The stable public code.
    fn code(&self) -> Code;
}

/// Our own mistake: what a type or a rule promises does not hold. A retry cannot help, and an operator
/// must hear of it: it is logged as an error, and a caller is answered 500.
#[derive(Debug, thiserror::Error)]
#[error("defect: {attempt}")]
pub struct Defect {
    attempt: &'static str,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl Defect {
    /// What was attempted, and what does not hold.
    pub fn new(attempt: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            attempt,
            source: source.into(),
        }
    }
}

/// A dependency failed; the same call may succeed later.
///
/// Carries which dependency and what was attempted; the cause is the `source`.
#[derive(Debug, thiserror::Error)]
#[error("{dependency}: {attempt}")]
pub struct Fault {
    /// `postgres`, `redis`, `kafka`, `sqlite`, `registry`: a metric label.
    pub dependency: &'static str,
    /// What was attempted, in a few words.
    pub attempt: String,
    /// What went wrong, where anything deeper did.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// A failure of that dependency with its cause.
    pub fn new(
        dependency: &'static str,
        attempt: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            dependency,
            attempt: attempt.into(),
            source: Some(source.into()),
        }
    }

    /// The damaged stored row, if that is the reason. The dependency itself is healthy then.
    #[must_use]
    pub fn damage(&self) -> Option<&Damaged> {
        let mut cause: &(dyn StdError + 'static) = self.source.as_deref()?;
        loop {
            match cause.downcast_ref() {
                Some(damaged) => return Some(damaged),
                None => cause = cause.source()?,
            }
        }
    }

    /// A failure that has no deeper cause, such as a timeout.
    pub fn bare(dependency: &'static str, attempt: impl Into<String>) -> Self {
        Self {
            dependency,
            attempt: attempt.into(),
            source: None,
        }
    }
}
/// The error and its causes, in one line.
#[must_use]
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
