//! The principal, and how a handler gets it.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use kernel::code::platform;
use kernel::{Subject, Timestamp};

use super::remembered::Remembered;
use super::token::TokenError;
use super::verifier::Verifier;
use crate::problem::Problem;

/// Whose request it is.
///
/// As an argument of a handler it is taken from the request's bearer token, by the [`Verifier`] in
/// the app data; without a valid token the handler is not called and the answer is 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal(Arc<Subject>);

impl From<Subject> for Principal {
    fn from(subject: Subject) -> Self {
        Self(Arc::new(subject))
    }
}

impl Deref for Principal {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.0
    }
}

impl FromRequest for Principal {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(of_request(request))
    }
}

/// A principal, and when its token expires: for answers that outlive the moment they begin.
///
/// Taken from a request as a [`Principal`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub principal: Principal,
    /// From then on the token proves nothing; the leeway is in it.
    pub until: Timestamp,
}

impl FromRequest for Session {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(session_of(request))
    }
}

fn session_of(request: &HttpRequest) -> Result<Session, Problem> {
    let verifier = verifier(request)?;
    let token = bearer(authorization(request)?)?;
    let (principal, window) = verifier.verify_at(verifier.now_s(), token)?;
    let until = window.until();
    Ok(Session { principal, until })
}

fn verifier(request: &HttpRequest) -> Result<&Data<Verifier>, Problem> {
    let verifier = request.app_data::<Data<Verifier>>();
    verifier.ok_or_else(|| Problem::defect(NoVerifier))
}

fn of_request(request: &HttpRequest) -> Result<Principal, Problem> {
    let verifier = verifier(request)?;
    let header = authorization(request)?;
    let now_s = verifier.now_s();
    let remembered = request.conn_data::<Remembered>();
    if let Some(known) = remembered.and_then(|last| last.recall(header.as_bytes(), now_s)) {
        return Ok(known);
    }
    let (principal, window) = verifier.verify_at(now_s, bearer(header)?)?;
    if let Some(remembered) = remembered {
        remembered.keep(header.as_bytes(), principal.clone(), window);
    }
    Ok(principal)
}

/// The app was built without a [`Verifier`].
#[derive(Debug, thiserror::Error)]
#[error("no verifier in the app data")]
struct NoVerifier;

/// The one `Authorization` header.
fn authorization(request: &HttpRequest) -> Result<&HeaderValue, TokenError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let value = values.next().ok_or(TokenError::Missing)?;
    if values.next().is_some() {
        return Err(TokenError::Malformed);
    }
    Ok(value)
}

/// The token of the header.
fn bearer(header: &HeaderValue) -> Result<&str, TokenError> {
    let text = header.to_str().map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    Ok(token.trim_start_matches(' '))
}

impl From<TokenError> for Problem {
    /// The answer holds the reason: it concerns the caller's own token and helps no other caller.
    fn from(error: TokenError) -> Self {
        Self::new(platform::TOKEN_INVALID, error.to_string())
    }
}
