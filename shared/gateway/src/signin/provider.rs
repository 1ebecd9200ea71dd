//! Sign-in at an identity provider: there with the browser, and back.

use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::{Answered, Attempt, IdentityProvider, Proof};
use http::problem::Problem;
use kernel::Parameters;
use kernel::code::platform;
use kernel::route::Parameter;

use super::local::signed_in;
use super::outcome::{Failed, failed};
use super::{ATTEMPT_KEPT, SignIn};
use crate::gateway::{Gateway, Shared};
use crate::views::parameters;

/// What providers send browsers back with.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::of::<String>("state", "which sign-in it is about"),
    Parameter::of::<String>("code", "stands for who signed in"),
    Parameter::of::<String>("iss", "the issuer who says so"),
    Parameter::of::<String>("error", "why nobody signed in"),
    Parameter::of::<String>("error_description", "the same in words; it is not shown"),
];

/// Longest code, bytes; RFC 6749 leaves it to the provider.
const CODE_MAX: usize = 4_096;

/// `GET /signin/{provider}`.
pub(crate) async fn begin(request: HttpRequest, gateway: Shared) -> Result<HttpResponse, Problem> {
    let sign_in = &gateway.sign_in;
    let provider = sign_in.addressed(&request)?;
    let asked = parameters(&request);
    let to = sign_in.destination(asked.get("to"));
    let name = &provider.about().name;
    let attempt = Attempt::new(name, to, now_s(&gateway)).map_err(Problem::defect)?;
    let proof = proof(sign_in, &attempt);
    let address = match provider.authorization(&proof) {
        Ok(address) => address,
        Err(error) => return Ok(failed(provider.about(), &sign_in.origin, &error.into())),
    };
    let kept = sign_in.attempts.set(&attempt);
    let kept = kept.ok_or_else(|| {
        let detail = "the path to go on to is too long";
        Problem::new(platform::PARAMETER_MALFORMED, detail)
    })?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .insert_header((SET_COOKIE, kept))
        .finish())
}

/// `GET /signin/{provider}/callback`.
pub(crate) async fn finish(request: HttpRequest, gateway: Shared) -> Result<HttpResponse, Problem> {
    let sign_in = &gateway.sign_in;
    let provider = sign_in.addressed(&request)?;
    let about = provider.about();
    let attempt = match begun(&request, &gateway, &about.name) {
        Ok(attempt) => attempt,
        // It is another's: the one that this browser began goes on.
        Err(error) => return Ok(failed(about, &sign_in.origin, &error)),
    };
    let answer = match ended(&request, &gateway, &**provider, &attempt).await {
        Ok(answer) => answer,
        Err(error) => failed(about, &sign_in.origin, &error),
    };
    Ok(forgetting(answer, sign_in.attempts.clear()))
}

fn forgetting(mut answer: HttpResponse, cookie: HeaderValue) -> HttpResponse {
    answer.headers_mut().append(SET_COOKIE, cookie);
    answer
}

/// Of the provider's own path back, so that no other can answer in its place.
fn proof(sign_in: &SignIn, attempt: &Attempt) -> Proof {
    let (origin, provider) = (&sign_in.origin, &attempt.provider);
    attempt.proof(format!("{origin}/signin/{provider}/callback"))
}

/// The sign-in that this browser began at this provider, if that is what it comes back from.
fn begun(request: &HttpRequest, gateway: &Gateway, provider: &str) -> Result<Attempt, Failed> {
    let attempts = &gateway.sign_in.attempts;
    let attempt = attempts.read(request.headers(), now_s(gateway));
    let attempt = attempt.filter(|attempt| attempt.provider == provider);
    let attempt = attempt.ok_or(Failed::NotBegun)?;
    let asked = parameters(request);
    let state = asked.get("state").unwrap_or_default();
    if proof(&gateway.sign_in, &attempt).has_state(state) {
        return Ok(attempt);
    }
    Err(Failed::NotBegun)
}

async fn ended(
    request: &HttpRequest,
    gateway: &Gateway,
    provider: &dyn IdentityProvider,
    attempt: &Attempt,
) -> Result<HttpResponse, Failed> {
    let sign_in = &gateway.sign_in;
    let asked = parameters(request);
    // Of all who come back with it, one goes on.
    if !sign_in.sessions.claim(attempt.key(), ATTEMPT_KEPT).await? {
        return Err(Failed::Used);
    }
    let code = code(&asked)?;
    let issuer = asked.get("iss");
    let answered = Answered { code, issuer };
    let identified = provider.redeem(answered, &proof(sign_in, attempt)).await?;
    // It was sealed, but the seal may be of another version of the program.
    let to = sign_in.destination(Some(&attempt.to));
    let at_provider = Some(identified.at_provider);
    Ok(signed_in(request, gateway, identified.subject, at_provider, to).await?)
}

fn code(asked: &Parameters) -> Result<&str, Failed> {
    if let Some(error) = asked.get("error") {
        let plain = error.chars().filter(char::is_ascii_graphic);
        return Err(Failed::Denied(plain.take(64).collect()));
    }
    let code = asked.get("code");
    let code = code.filter(|code| (1..=CODE_MAX).contains(&code.len()));
    code.ok_or(Failed::Unanswered)
}

fn now_s(gateway: &Gateway) -> i64 {
    gateway.now().micros().div_euclid(1_000_000)
}
