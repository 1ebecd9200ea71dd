//! Sign-in without an identity provider, to try the platform on this machine.

use std::net::IpAddr;

use actix_web::http::Uri;
use actix_web::http::header::{HOST, HeaderMap, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use http::auth::{Browsers as _, ProviderSession, same_origin};
use http::problem::Problem;
use kernel::Subject;
use kernel::code::platform;
use serde::Deserialize;

use super::SignIn;
use super::outcome::{LOCAL, count_signed_in};
use crate::gateway::{Gateway, Shared};

/// Somebody whom a browser of this machine may sign in as.
#[derive(Clone, Debug)]
pub struct Person {
    pub subject: Subject,
    /// What they are there for, in a few words of plain text.
    pub about: &'static str,
}

/// Headers that a proxy leaves: behind one, a request is not of this machine, whatever its address.
const OF_PROXIES: [&str; 5] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    name: String,
    to: Option<String>,
}

impl SignIn {
    /// The people who are offered to the sender of this request.
    pub(super) fn offered(&self, headers: &HeaderMap) -> &[Person] {
        if is_here(headers) { &self.people } else { &[] }
    }
}

/// Whether a browser of this machine asks under this machine's own name. Another site can have its
/// name resolved to this machine, but cannot have a browser send this one.
fn is_here(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host: Option<Uri> = host.and_then(|host| host.parse().ok());
    let is_loopback = host.is_some_and(|host| host.host().is_some_and(is_loopback));
    is_loopback && !OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// Whether the host, an address in brackets too, is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// `POST /signin/local`.
pub(crate) async fn sign_in(
    request: HttpRequest,
    form: Result<web::Form<Form>, actix_web::Error>,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let offered = gateway.sign_in.offered(request.headers());
    if offered.is_empty() {
        return Err(Problem::new(platform::NOT_FOUND, "not offered here"));
    }
    same_origin(request.headers())?;
    let Form { name, to } = form.map_err(|error| unreadable(&error))?.into_inner();
    let mut people = offered.iter();
    let person = people.find(|person| person.subject.actor.as_str() == name);
    let Some(person) = person else {
        return Err(Problem::new(
            platform::NOT_FOUND,
            "no such person is offered",
        ));
    };
    let subject = Subject {
        issued_s: Some(gateway.now().micros().div_euclid(1_000_000)),
        ..person.subject.clone()
    };
    let to = gateway.sign_in.destination(to.as_deref()).to_owned();
    signed_in(&request, &gateway, subject, None, &to).await
}

fn unreadable(error: &actix_web::Error) -> Problem {
    let detail = "the form does not have the field `name`, and `to` perhaps";
    let problem = Problem::new(platform::BODY_MALFORMED, detail);
    problem.because(std::io::Error::other(error.to_string()))
}

/// Signs the browser in under a new id, ends what it had before, and sends it on.
pub(super) async fn signed_in(
    request: &HttpRequest,
    gateway: &Gateway,
    subject: Subject,
    at_provider: Option<ProviderSession>,
    to: &str,
) -> Result<HttpResponse, Problem> {
    let sessions = &gateway.sign_in.sessions;
    let cookie = sessions.cookie();
    if let Some(before) = cookie.read(request.headers()) {
        sessions.end(before.key()).await?;
    }
    let (tenant, actor) = (subject.tenant.clone(), subject.actor.clone());
    let provider = at_provider.as_ref().map(|session| session.provider.clone());
    let id = sessions.open(subject, at_provider).await?;
    tracing::info!(%tenant, %actor, "signed in");
    count_signed_in(provider.as_deref().unwrap_or(LOCAL));
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, to))
        .insert_header((SET_COOKIE, cookie.set(&id)))
        .finish())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::is_here;

    fn asked(lines: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        is_here(&headers)
    }

    #[test]
    fn request_is_of_this_machine_by_the_name_it_asks() {
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "LOCALHOST",
            "127.0.0.2",
        ] {
            assert!(asked(&[("host", host)]), "{host}");
        }
        for host in [
            "desk.example",
            "evil.localhost.example",
            "10.0.0.1:8080",
            "[::2]",
            "",
        ] {
            assert!(!asked(&[("host", host)]), "{host}");
        }
        assert!(!asked(&[]));
        assert!(!asked(&[
            ("host", "localhost"),
            ("x-forwarded-for", "10.0.0.1")
        ]));
    }
}
