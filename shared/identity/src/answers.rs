//! Answers of providers over HTTP, with bounds.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use url::Url;

/// Longest answer, bytes; a key takes less than 2 KiB, a certificate chain included.
pub(crate) const ANSWER_MAX: usize = 256 * 1024;

/// Longest time for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Asks providers. It follows no redirect: an address is the configured one, or one that the issuer
/// itself gave.
#[derive(Clone)]
pub(crate) struct Answers(Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("the provider did not answer")]
    Away(#[source] reqwest::Error),
    #[error("{address} answered {status}")]
    Status { address: Url, status: StatusCode },
    #[error("{0} has more than {ANSWER_MAX} bytes")]
    TooLarge(String),
}

impl NoAnswer {
    /// Whether the provider itself is out of order.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Status { status, .. } => status.is_server_error(),
            Self::TooLarge(_) => false,
        }
    }
}

impl Answers {
    /// `is_near`: the provider is on this machine, and no proxy lies between.
    pub(crate) fn new(is_near: bool) -> anyhow::Result<Self> {
        let client = Client::builder()
            .connect_timeout(ANSWER_WAIT)
            .timeout(ANSWER_WAIT)
            .redirect(Policy::none());
        let client = if is_near { client.no_proxy() } else { client };
        let client = client.build();
        client
            .context("set up the client that asks providers")
            .map(Self)
    }

    /// What is there.
    pub(crate) async fn get(&self, address: &Url) -> Result<Vec<u8>, NoAnswer> {
        let request = self.0.get(address.clone());
        let response = request.send().await.map_err(NoAnswer::Away)?;
        let status = response.status();
        if status != StatusCode::OK {
            let address = address.clone();
            return Err(NoAnswer::Status { address, status });
        }
        body(response, address).await
    }

    /// What is answered to a form, whose refusals are told in the body.
    pub(crate) async fn post(
        &self,
        address: &Url,
        form: String,
        authorization: Option<HeaderValue>,
    ) -> Result<(StatusCode, Vec<u8>), NoAnswer> {
        let request = self.0.post(address.clone()).body(form);
        let request = request.header(CONTENT_TYPE, FORM).header(ACCEPT, JSON);
        let request = match authorization {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        };
        let response = request.send().await.map_err(NoAnswer::Away)?;
        let status = response.status();
        if status.is_server_error() {
            let address = address.clone();
            return Err(NoAnswer::Status { address, status });
        }
        Ok((status, body(response, address).await?))
    }
}

async fn body(mut response: Response, address: &Url) -> Result<Vec<u8>, NoAnswer> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(NoAnswer::Away)? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(NoAnswer::TooLarge(address.to_string()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
