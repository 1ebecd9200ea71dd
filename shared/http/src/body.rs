//! Request bodies: strict JSON, kept as the bytes that came.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use futures::future::{FutureExt, LocalBoxFuture};
use kernel::code::platform;
use serde::de::DeserializeOwned;
use tokio::time::{Duration, timeout};

use crate::json;
use crate::limits::Limits;
use crate::problem::{Problem, of_error};

/// A body that is strict JSON, unparsed: it is hashed, signed and forwarded as the very bytes received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonBody(Bytes);

impl JsonBody {
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The body as a type. Keys the type does not know are its own matter (`deny_unknown_fields`).
    ///
    /// # Errors
    /// The body does not fit the type: a problem that names the place.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|error| {
            Problem::new(platform::BODY_MALFORMED, "body does not fit its schema")
                .at("", error.to_string())
        })
    }
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request.headers());
        let payload = web::Payload::from_request(request, payload).into_inner();
        let limits = Limits::given(request.app_data());
        async move {
            is_json?;
            let payload = payload.map_err(|error| of_error(&error))?;
            let bytes = read(payload, &limits).await?;
            json::check(&bytes)?;
            Ok(Self(bytes))
        }
        .boxed_local()
    }
}

/// Reads to the end or to a bound, of length or of patience.
async fn read(payload: web::Payload, limits: &Limits) -> Result<Bytes, Problem> {
    let patience = Duration::from_millis(limits.slow_client_ms);
    match timeout(patience, payload.to_bytes_limited(limits.body_bytes_max)).await {
        Ok(Ok(read)) => read.map_err(|error| of_error(&error)),
        Ok(Err(_)) => Err(limits.body_too_large()),
        Err(_) => Err(Problem::new(
            platform::BODY_MALFORMED,
            "body did not come to its end in time",
        )),
    }
}

/// `application/json`, in UTF-8 if it names a charset (RFC 8259 §8.1 allows no other).
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(CONTENT_TYPE);
    let only = match (types.next(), types.next()) {
        (Some(only), None) => only.to_str().unwrap_or_default(),
        _ => "",
    };
    let mut fields = only.split(';').map(str::trim);
    let is_json = fields
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = fields.all(|parameter| {
        let value = parameter.to_ascii_lowercase();
        matches!(&*value, "" | "charset=utf-8" | "charset=\"utf-8\"")
    });
    if is_json && is_utf8 {
        return Ok(());
    }
    Err(Problem::new(
        platform::MEDIA_UNSUPPORTED,
        "body is not of type application/json in utf-8",
    ))
}
