//! Questions to the registry, and what a failed one means.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use kernel::Fault;
use reqwest::{Client, StatusCode, Url};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, get_schema_by_id};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{RawError, RegisteredSchema};
use serde_json::Value;

/// A registry reads a schema from memory; one that needs longer is away.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Registering is compared with all versions there are, by a server that may have just started.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(30);

/// What every failure is labelled with.
pub(crate) const DEPENDENCY: &str = "registry";

const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A registry that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    base: Url,
    http: Client,
    settings: SrSettings,
}

/// The registry answered, and the answer was not what was asked for.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

/// Why a schema cannot be had.
#[derive(Debug)]
pub(crate) enum Lack {
    /// There is none, or it is of no use.
    Unusable(String),
    /// Shared by all that waited for the same answer.
    Fault(Arc<Fault>),
}

impl Registry {
    pub(crate) fn new(url: &str) -> Result<Self, Fault> {
        let failed = |error: Box<dyn Error + Send + Sync>| Fault::new(DEPENDENCY, "set up", error);
        let url = url.trim_end_matches('/');
        // The registry is beside the log: no proxy lies between.
        let http = Client::builder()
            .timeout(REGISTER_TIMEOUT)
            .no_proxy()
            .build();
        let settings = SrSettings::new_builder(url.to_owned())
            .set_timeout(TIMEOUT)
            .no_proxy()
            .build();
        Ok(Self {
            base: Url::parse(url).map_err(|error| failed(error.into()))?,
            http: http.map_err(|error| failed(error.into()))?,
            settings: settings.map_err(|error| failed(error.into()))?,
        })
    }

    /// The settings under which references of a schema are fetched.
    pub(crate) fn settings(&self) -> &SrSettings {
        &self.settings
    }

    pub(crate) async fn schema(&self, id: u32) -> Result<RegisteredSchema, Lack> {
        let answer = get_schema_by_id(id, &self.settings).await;
        answer.map_err(|error| lack(&format!("read schema {id}"), error))
    }

    pub(crate) async fn get(&self, path: &[&str]) -> Result<Value, Asked> {
        self.send(self.http.get(self.url(path)), path).await
    }

    pub(crate) async fn put(&self, path: &[&str], body: &Value) -> Result<Value, Asked> {
        let request = self.http.put(self.url(path)).body(body.to_string());
        self.send(request, path).await
    }

    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Asked> {
        let request = self.http.post(self.url(path)).body(body.to_string());
        self.send(request, path).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An address that cannot be a base has no path to extend; `send` then fails.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, request: reqwest::RequestBuilder, path: &[&str]) -> Result<Value, Asked> {
        let failed = |error: reqwest::Error| Asked::Fault(fault(path, error));
        let request = request
            .header("content-type", MEDIA_TYPE)
            .header("accept", MEDIA_TYPE);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(failed)?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match status {
            _ if status.is_success() => Ok(body),
            StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(Asked::Refused(Answer { status, body }))
            }
            _ => Err(Asked::Fault(fault(
                path,
                format!("answered {status}: {}", message(&body)),
            ))),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Asked {
    Refused(Answer),
    Fault(Fault),
}

/// The registry's message with a refusal.
pub(crate) fn message(body: &Value) -> &str {
    body["message"].as_str().unwrap_or("no reason given")
}

fn fault(path: &[&str], source: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault::new(DEPENDENCY, path.join("/"), source)
}

/// Codes of Confluent's API: subject, version or schema not found.
const NOT_FOUND: [u32; 3] = [40401, 40402, 40403];

/// Only the answer "there is none" is final. The converter treats every status but 502 and 503 as final,
/// and caches that answer permanently: a 401 or 500 would park valid commands.
pub(crate) fn lack(attempt: &str, error: SRCError) -> Lack {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        let answer = inner.downcast_ref::<RawError>();
        if let Some(answer) = answer.filter(|answer| NOT_FOUND.contains(&answer.error_code)) {
            return Lack::Unusable(format!("{attempt}: {}", answer.message));
        }
        if answer.is_some() || inner.is::<reqwest::Error>() {
            return Lack::Fault(Arc::new(Fault::new(DEPENDENCY, attempt, error)));
        }
        cause = inner.source();
    }
    let detail = error.cause.as_deref().unwrap_or("no cause given");
    Lack::Unusable(format!("{attempt}: {}: {detail}", error.error))
}
