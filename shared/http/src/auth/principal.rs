//! The principal, and how a handler gets it.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures::future::{Either, FutureExt as _, LocalBoxFuture};
use kernel::code::platform;
use kernel::{Standings, Subject, Unserved};

use super::browser;
use super::remembered::Remembered;
use super::token::TokenError;
use super::verifier::{Unproven, Verifier};
use crate::problem::Problem;

/// Whose request it is.
///
/// As an argument of a handler it is taken from the request's bearer token, by the [`Verifier`] in
/// the app data, or else from the cookie of a session, by the [`Browsers`](super::Browsers) there; without a valid
/// token or session the handler is not called and the answer is 401.
#[derive(Clone, Debug)]
pub struct Principal(Arc<Proven>);

#[derive(Debug)]
struct Proven {
    subject: Subject,
    standings: Standings,
    /// What members made of it, at that version of theirs.
    completed: Mutex<Option<(u64, Completed)>>,
}

/// What is known of the bearers of tokens, and of their tenants, beside what the tokens say.
pub trait Members: Send + Sync + 'static {
    /// Raised with every change; 0 while nothing is known of anybody, `None` before it is known whether
    /// there is anything.
    fn version(&self) -> Option<u64>;

    /// How often what is known of the subject and its tenant has changed: what goes on under its token
    /// ends when it does.
    fn changes(&self, subject: &Subject) -> u64;

    /// What becomes of a bearer.
    fn complete(&self, subject: &Subject) -> Completion;
}

/// What members make of a token's bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The token says all there is.
    AsIs,
    /// Other roles or limits.
    By(Box<Subject>),
    /// The token does not count any more.
    Revoked,
    /// Nobody of the bearer's tenant is served.
    Unserved(Unserved),
}

/// The same as it is remembered.
#[derive(Clone, Debug)]
enum Completed {
    AsIs,
    By(Principal),
    Revoked,
    Unserved(Unserved),
}

impl From<Subject> for Principal {
    fn from(subject: Subject) -> Self {
        Self(Arc::new(Proven {
            subject,
            standings: Standings::default(),
            completed: Mutex::default(),
        }))
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.0.subject == other.0.subject
    }
}

impl Eq for Principal {}

impl Principal {
    /// What the policies said of it so far.
    #[must_use]
    pub fn standings(&self) -> &Standings {
        &self.0.standings
    }

    /// The bearer as members know it, worked out once per change of theirs.
    ///
    /// # Errors
    /// The token was revoked, its tenant is not served, or neither is known yet.
    pub fn completed(self, members: &dyn Members) -> Result<Self, Problem> {
        let version = members.version().ok_or(TokenError::MembersUnread)?;
        if version == 0 {
            return Ok(self);
        }
        let completed = {
            // A panic under the lock cannot leave half a value.
            let mut known = self
                .0
                .completed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let (_, completed) = known
                .take_if(|(of, _)| *of == version)
                .unwrap_or_else(|| (version, members.complete(&self).into()));
            known.insert((version, completed)).1.clone()
        };
        match completed {
            Completed::AsIs => Ok(self),
            Completed::By(principal) => Ok(principal),
            Completed::Revoked => Err(TokenError::Revoked.into()),
            Completed::Unserved(unserved) => {
                let problem = Problem::new(unserved.code(), unserved.to_string());
                Err(problem.mended_by(unserved.fix(&self.tenant)))
            }
        }
    }
}

impl From<Completion> for Completed {
    fn from(completion: Completion) -> Self {
        match completion {
            Completion::AsIs => Self::AsIs,
            Completion::By(subject) => Self::By((*subject).into()),
            Completion::Revoked => Self::Revoked,
            Completion::Unserved(unserved) => Self::Unserved(unserved),
        }
    }
}

impl Deref for Principal {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.0.subject
    }
}

impl FromRequest for Principal {
    type Error = Problem;
    /// At once, unless keys or a session are waited for.
    type Future =
        Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(verifier) = request.app_data::<Data<Verifier>>() else {
            return Either::Left(ready(Err(Problem::defect(NoVerifier))));
        };
        let members = request.app_data::<Data<dyn Members>>().cloned();
        if let Some((browsers, id)) = browser::cookie_of(request) {
            let (verifier, request) = (Data::clone(verifier), request.clone());
            let looking = async move {
                let principal = browser::by_session(&request, browsers, id?, &verifier).await?;
                known_to(members.as_ref(), principal)
            };
            return Either::Right(looking.boxed_local());
        }
        match of_request(request, verifier) {
            Ok(principal) => Either::Left(ready(known_to(members.as_ref(), principal))),
            Err((Unproven::Refused(error), _)) => Either::Left(ready(Err(error.into()))),
            Err((unproven, token)) => {
                let (verifier, token) = (Data::clone(verifier), token.to_owned());
                let waiting = async move {
                    let now_s = verifier.now_s();
                    let principal = verifier.after_renewal(unproven, &token, now_s).await?;
                    known_to(members.as_ref(), principal)
                };
                Either::Right(waiting.boxed_local())
            }
        }
    }
}

fn known_to(
    members: Option<&Data<dyn Members>>,
    principal: Principal,
) -> Result<Principal, Problem> {
    let Some(members) = members else {
        return Ok(principal);
    };
    principal.completed(&***members)
}

/// Whose request it is by the keys that are known now; or why not, and the token.
fn of_request<'r>(
    request: &'r HttpRequest,
    verifier: &Verifier,
) -> Result<Principal, (Unproven, &'r str)> {
    let header = authorization(request).map_err(|error| (error.into(), ""))?;
    let now_s = verifier.now_s();
    let remembered = request.conn_data::<Remembered>();
    let recall = |last: &Remembered| last.recall(header.as_bytes(), verifier, now_s);
    if let Some(known) = remembered.and_then(recall) {
        return Ok(known);
    }
    let token = bearer(header.as_bytes()).map_err(|error| (error.into(), ""))?;
    let proof = verifier
        .prove(now_s, token)
        .map_err(|error| (error, token))?;
    let principal = proof.principal.clone();
    if let Some(remembered) = remembered {
        remembered.keep(header.as_bytes(), proof);
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

/// The token of an `Authorization` header.
///
/// # Errors
/// It is of another scheme, or no text.
pub fn bearer(header: &[u8]) -> Result<&str, TokenError> {
    let text = std::str::from_utf8(header).map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    Ok(token.trim_start_matches(' '))
}

impl From<TokenError> for Problem {
    /// The answer holds the reason: it concerns the caller's own token and helps no other caller. That
    /// an issuer does not answer is nobody's fault.
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::KeysAway | TokenError::MembersUnread => platform::DEPENDENCY_UNAVAILABLE,
            _ => platform::TOKEN_INVALID,
        };
        Self::new(code, error.to_string())
    }
}
