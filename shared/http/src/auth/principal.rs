//! The principal, and how a handler gets it.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use kernel::code::platform;
use kernel::{Actor, Tenant};
use kernel::{Label, LabelKind};

use super::remembered::Remembered;
use super::token::TokenError;
use super::verifier::Verifier;
use crate::problem::Problem;

/// Most roles of one token; a desk has a handful.
pub const ROLES_MAX: usize = 32;

/// Kind of [`Role`].
pub enum RoleKind {}
impl LabelKind for RoleKind {
    const NAME: &'static str = "role";
    const MAX: usize = 64;
    const PATTERN: &'static str = "^[A-Za-z0-9._:-]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
    }
}
/// What a principal is to the tenant, such as `trader`; which doors it opens is not decided here.
pub type Role = Label<RoleKind>;

/// Whose request it is.
///
/// As an argument of a handler it is taken from the request's bearer token, by the [`Verifier`] in
/// the app data; without a valid token the handler is not called and the answer is 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: Tenant,
    pub actor: Actor,
    /// At most [`ROLES_MAX`], as the token lists them.
    pub roles: Arc<[Role]>,
}

impl Principal {
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own.as_str() == role)
    }
}

impl FromRequest for Principal {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(of_request(request))
    }
}

fn of_request(request: &HttpRequest) -> Result<Principal, Problem> {
    let Some(verifier) = request.app_data::<Data<Verifier>>() else {
        return Err(Problem::defect(NoVerifier));
    };
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
