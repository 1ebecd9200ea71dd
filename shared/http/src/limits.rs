//! What a request may cost before its sender is known.

use std::fmt;
use std::time::Duration;

use actix_http::{Request, Response};
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, RequestHead, ServiceFactory};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::Data;
use actix_web::{Error, HttpServer};
use kernel::code::platform;
use serde::{Deserialize, Serialize};

use crate::headers;
use crate::problem::Problem;

/// The bounds of an HTTP surface. As app data (`web::Data<Limits>`) they hold for the
/// [edge](crate::edge) and for bodies; without it the defaults do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub body_bytes_max: usize,
    /// Names and values of all headers together.
    pub header_bytes_max: usize,
    /// Path and query.
    pub url_bytes_max: usize,
    /// From the last header byte to the first byte of the answer, on top of a granted `Prefer: wait`.
    pub deadline_ms: u64,
    /// For a client to send its headers, to send its body, and to take its leave.
    pub slow_client_ms: u64,
    /// Idle time after which a connection without a request is closed.
    pub keep_alive_ms: u64,
    /// Open connections per worker; more wait in the listen queue.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            header_bytes_max: 16 * 1024,
            url_bytes_max: 8 * 1024,
            deadline_ms: 5_000,
            slow_client_ms: 5_000,
            // Longer than the 60 s of common load balancers: they close first, so none sends into
            // a connection that is just being closed here.
            keep_alive_ms: 75_000,
            connections_max: 10_000,
        }
    }
}

impl Limits {
    /// Sets what only the server can hold to: slow clients, idle connections, their number.
    /// To be called before the server is bound.
    pub fn of_server<F, I, S, B>(&self, server: HttpServer<F, I, S, B>) -> HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let slow_client = Duration::from_millis(self.slow_client_ms);
        server
            .client_request_timeout(slow_client)
            .client_disconnect_timeout(slow_client)
            .keep_alive(Duration::from_millis(self.keep_alive_ms))
            .max_connections(self.connections_max)
    }

    /// The limits an app was given, or the defaults.
    pub(crate) fn given(data: Option<&Data<Self>>) -> Self {
        data.map_or_else(Self::default, |limits| *limits.get_ref())
    }

    /// Judges a request by its head alone, before a byte of its body is read.
    pub(crate) fn admit(&self, head: &RequestHead) -> Result<(), Problem> {
        served(&head.method)?;
        let url = head
            .uri
            .path_and_query()
            .map_or(0, |url| url.as_str().len());
        if url > self.url_bytes_max {
            return Err(oversized("url", self.url_bytes_max));
        }
        if size_of(&head.headers) > self.header_bytes_max {
            return Err(oversized("header", self.header_bytes_max));
        }
        plain(&head.headers)?;
        self.fits(&head.headers)
    }

    /// How long the answer may take.
    pub(crate) fn deadline(&self, headers: &HeaderMap) -> Duration {
        Duration::from_millis(self.deadline_ms) + headers::wait(headers)
    }

    /// A body that declares to be too large is believed; one that lies is cut off while it is read.
    fn fits(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match announced {
            Some(length) if length > self.body_bytes_max as u64 => Err(self.body_too_large()),
            _ => Ok(()),
        }
    }

    pub(crate) fn body_too_large(&self) -> Problem {
        let detail = format!("body is longer than {} bytes", self.body_bytes_max);
        Problem::new(platform::BODY_TOO_LARGE, detail)
    }
}

/// Methods that no route can serve, such as `TRACE`, which echoes credentials.
fn served(method: &Method) -> Result<(), Problem> {
    let known = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY",
    ];
    if known.contains(&method.as_str()) {
        return Ok(());
    }
    Err(Problem::new(
        platform::METHOD_NOT_ALLOWED,
        "method is served nowhere",
    ))
}

/// Nothing is ever decompressed: 1.5 KB of brotli can hold a gigabyte.
fn plain(headers: &HeaderMap) -> Result<(), Problem> {
    let encoded = headers.get_all(CONTENT_ENCODING).any(|line| {
        line.to_str().map_or(true, |line| {
            line.split(',')
                .any(|coding| !coding.trim().eq_ignore_ascii_case("identity"))
        })
    });
    if encoded {
        return Err(Problem::new(
            platform::MEDIA_UNSUPPORTED,
            "body has a content-encoding; send it as it is",
        ));
    }
    Ok(())
}

fn size_of(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

fn oversized(what: &str, most: usize) -> Problem {
    Problem::new(
        platform::PARAMETER_MALFORMED,
        format!("{what} is longer than {most} bytes"),
    )
}
