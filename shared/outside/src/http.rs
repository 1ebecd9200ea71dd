//! A service that is called over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::effect::{Answer, Call, IdempotencyKey};
use kernel::port::{NoAnswer, Outside};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A host that is there is connected to sooner.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Bytes of a refusal that are kept as its detail.
const DETAIL_MAX: usize = 500;

/// Posts each call as JSON to `<base>/<operation>`, with the header `Idempotency-Key`.
///
/// 2xx is the answer. What a later try may change is a fault: no connection, 5xx, 408, 425, 429; 409,
/// as the service still works at the same key; 401, 403 and 407, as our access is not in order. Other
/// 4xx are a refusal. Redirects are not followed, bodies not decompressed.
#[derive(Clone, Debug)]
pub struct HttpOutside {
    name: &'static str,
    base: Url,
    client: Client,
    answer_bytes_max: usize,
}

impl HttpOutside {
    /// `name` is that of the dependency, as in faults; `headers` go with every call, such as
    /// `authorization`, which is never logged.
    ///
    /// # Errors
    /// The address cannot be read, or is not one of HTTP.
    pub fn new(
        name: &'static str,
        base: &str,
        mut headers: HeaderMap,
        answer_bytes_max: usize,
    ) -> Result<Self, Fault> {
        let base = Url::parse(base).map_err(|error| Fault::new(name, "read its address", error))?;
        if !matches!(base.scheme(), "http" | "https") {
            let attempt = format!("call it over {}", base.scheme());
            return Err(Fault::bare(name, attempt));
        }
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        let client = Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .redirect(Policy::none())
            .default_headers(headers)
            .build()
            .map_err(|error| Fault::new(name, "set up", error))?;
        Ok(Self {
            name,
            base,
            client,
            answer_bytes_max,
        })
    }

    /// An operation adds to the path of the base, and cannot lead elsewhere.
    fn url(&self, operation: &str) -> Result<Url, NoAnswer> {
        let is_path = |segment: &str| !matches!(segment, "" | "." | "..");
        if !operation.split('/').all(is_path) {
            let why = format!("operation {operation:?} is not a path");
            return Err(NoAnswer::Unusable(why));
        }
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(operation.split('/'));
        }
        Ok(url)
    }

    fn fault(&self, call: &Call, error: reqwest::Error) -> NoAnswer {
        // An address may hold what is not for a log.
        let attempt = format!("call {}", call.operation);
        NoAnswer::Fault(Fault::new(self.name, attempt, error.without_url()))
    }

    async fn body(&self, call: &Call, mut response: Response) -> Result<Bytes, NoAnswer> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.fault(call, error))?
        {
            if body.len() + chunk.len() > self.answer_bytes_max {
                let max = self.answer_bytes_max;
                return Err(NoAnswer::Unusable(format!("it has more than {max} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

#[async_trait]
impl Outside for HttpOutside {
    async fn perform(
        &self,
        call: &Call,
        key: IdempotencyKey,
        within: Duration,
    ) -> Result<Answer, NoAnswer> {
        let request = self
            .client
            .post(self.url(&call.operation)?)
            .timeout(within)
            .header(CONTENT_TYPE, JSON)
            .header(IDEMPOTENCY_KEY, key.to_string())
            .body(call.body.clone());
        let response = request.send().await;
        let response = response.map_err(|error| self.fault(call, error))?;
        let status = response.status();
        if status.is_success() {
            return self.body(call, response).await.map(Answer::Done);
        }
        if may_change(status) {
            let attempt = format!("call {}: it answered {status}", call.operation);
            return Err(NoAnswer::Fault(Fault::bare(self.name, attempt)));
        }
        if !status.is_client_error() {
            return Err(NoAnswer::Unusable(format!("it has status {status}")));
        }
        let body = self.body(call, response).await?;
        let detail = String::from_utf8_lossy(&body[..body.len().min(DETAIL_MAX)]);
        Ok(Answer::Refused {
            code: status.as_str().into(),
            detail: detail.into(),
        })
    }
}

/// Whether a later try of the same call may have another status.
fn may_change(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::CONFLICT
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        )
}
