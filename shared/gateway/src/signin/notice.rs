//! A provider says that somebody is signed out there (OpenID Connect Back-Channel Logout 1.0).

use actix_web::{HttpRequest, HttpResponse, web};
use http::auth::TokenError;
use http::problem::Problem;
use kernel::code::platform;
use serde::Deserialize;

use crate::gateway::Shared;
use crate::sessions::Coming;

/// Fields beside the token are not looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    logout_token: String,
}

/// `POST /signin/{provider}/backchannel-logout`. What proves it is the token alone.
pub(crate) async fn end_by_notice(
    request: HttpRequest,
    form: Result<web::Form<Form>, actix_web::Error>,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let sign_in = &gateway.sign_in;
    let provider = sign_in.addressed(&request)?;
    let form = form.map_err(|error| unreadable(&error))?.into_inner();
    let issuer = &provider.about().issuer;
    let token = provider.notice(&form.logout_token).await;
    let token = token.map_err(|error| refused(issuer, error))?;
    if sign_in.sessions.notice(issuer, &token).await? == Coming::Again {
        let detail = "the logout token came before";
        return Err(Problem::new(platform::LOGOUT_TOKEN_INVALID, detail));
    }
    tracing::info!(%issuer, "a provider signed somebody out");
    Ok(HttpResponse::Ok().finish())
}

fn unreadable(error: &actix_web::Error) -> Problem {
    let problem = Problem::new(
        platform::BODY_MALFORMED,
        "the form does not have the field `logout_token`",
    );
    problem.because(std::io::Error::other(error.to_string()))
}

fn refused(issuer: &str, error: TokenError) -> Problem {
    if error == TokenError::KeysAway {
        return error.into();
    }
    tracing::warn!(%error, %issuer, "a notice of a sign-out is not believed");
    Problem::new(platform::LOGOUT_TOKEN_INVALID, error.to_string())
}
