//! One fetch of an issuer's keys: discovery, key set, or a file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http::auth::{Signing, TrustedKey};
use jsonwebtoken::jwk::Jwk;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use resilience::{CallError, Classified, Deadline, Dependency, Verdict};
use serde::Deserialize;
use serde_json::Value;
use tracing::debug;
use url::Url;

use crate::settings::{IssuerSettings, is_address, unsafe_address};

/// Longest answer, bytes; a key takes less than 2 KiB, a certificate chain included.
const ANSWER_MAX: usize = 256 * 1024;

/// Most keys of an issuer.
const KEYS_MAX: usize = 64;

/// Longest time for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Where OpenID Connect Discovery has a provider describe itself.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Where keys are.
enum Place {
    Discovery(Url),
    Jwks(Url),
    File(PathBuf),
}

pub(super) struct Fetch {
    issuer: String,
    algorithms: Vec<Signing>,
    place: Place,
    client: Client,
    guard: Arc<Dependency>,
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the provider did not answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("{address} answered {status}")]
    Status { address: Url, status: StatusCode },
    #[error("{0} has more than {ANSWER_MAX} bytes")]
    TooLarge(String),
    #[error("{place} holds no {wanted}")]
    NotWhatIsWanted {
        place: String,
        wanted: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("the provider calls itself {found:?}, the configured issuer is {configured:?}")]
    OtherIssuer { found: String, configured: String },
    #[error("the provider has its keys at {address:?}, which {why}")]
    Unsafe { address: String, why: &'static str },
    #[error("the issuer has {0} keys, at most {KEYS_MAX} are taken")]
    TooMany(usize),
    #[error("read {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    #[error(transparent)]
    Guarded(Box<CallError<FetchError>>),
}

impl Classified for FetchError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::NoAnswer(_) => Verdict::Failure,
            Self::Status { status, .. } if status.is_server_error() => Verdict::Failure,
            _ => Verdict::Success,
        }
    }
}

/// What is read of a provider's description.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

/// A key set (RFC 7517 §5). Keys that cannot be read are none of ours.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Fetch {
    pub(super) fn new(settings: &IssuerSettings, guard: Arc<Dependency>) -> anyhow::Result<Self> {
        let place = match &settings.jwks {
            Some(jwks) if is_address(jwks) => Place::Jwks(Url::parse(jwks)?),
            Some(file) => Place::File(PathBuf::from(file)),
            None => {
                let base = settings.issuer.trim_end_matches('/');
                Place::Discovery(Url::parse(&format!("{base}{DISCOVERY}"))?)
            }
        };
        let fetch = Self {
            issuer: settings.issuer.clone(),
            algorithms: settings.algorithms(),
            client: client(&place)?,
            place,
            guard,
        };
        if let Place::File(file) = &fetch.place {
            let keys = fetch.of_file(file);
            let keys = keys.with_context(|| format!("auth.issuers: {}: jwks", fetch.issuer))?;
            anyhow::ensure!(!keys.is_empty(), "{} holds no key of use", file.display());
        }
        Ok(fetch)
    }

    /// The keys that the issuer has now.
    pub(super) async fn keys(&self) -> Result<Vec<TrustedKey>, FetchError> {
        if let Place::File(file) = &self.place {
            return self.of_file(file);
        }
        let answer = self.guard.call(Deadline::NONE, || self.published()).await;
        answer.map_err(|error| match error {
            CallError::Failed { source, .. } => source,
            other => FetchError::Guarded(Box::new(other)),
        })
    }

    async fn published(&self) -> Result<Vec<TrustedKey>, FetchError> {
        match &self.place {
            Place::Jwks(address) => self.of_address(address).await,
            Place::Discovery(address) => self.of_address(&self.discovered(address).await?).await,
            Place::File(file) => self.of_file(file),
        }
    }

    /// Where the provider says that its keys are.
    async fn discovered(&self, address: &Url) -> Result<Url, FetchError> {
        let answer = self.get(address).await?;
        let described: Description = read(&answer, address.as_str(), "description of a provider")?;
        // Or anybody's key set would do, once the way to the description is another's.
        if described.issuer != self.issuer {
            return Err(FetchError::OtherIssuer {
                found: described.issuer,
                configured: self.issuer.clone(),
            });
        }
        let address = described.jwks_uri;
        let why = unsafe_address(&address);
        match (Url::parse(&address), why) {
            (Ok(keys), None) => Ok(keys),
            (_, why) => Err(FetchError::Unsafe {
                address,
                why: why.unwrap_or("is no address"),
            }),
        }
    }

    async fn of_address(&self, address: &Url) -> Result<Vec<TrustedKey>, FetchError> {
        self.usable(&self.get(address).await?, address.as_str())
    }

    fn of_file(&self, file: &Path) -> Result<Vec<TrustedKey>, FetchError> {
        let mut text = Vec::new();
        // One byte more than is taken shows that there are more.
        let most = ANSWER_MAX as u64 + 1;
        let opened = File::open(file).and_then(|open| open.take(most).read_to_end(&mut text));
        opened.map_err(|error| FetchError::File(file.to_owned(), error))?;
        let place = file.display().to_string();
        if text.len() > ANSWER_MAX {
            return Err(FetchError::TooLarge(place));
        }
        self.usable(&text, &place)
    }

    /// The keys of a set that may sign tokens of the issuer.
    fn usable(&self, text: &[u8], place: &str) -> Result<Vec<TrustedKey>, FetchError> {
        let set: KeySet = read(text, place, "key set")?;
        if set.keys.len() > KEYS_MAX {
            return Err(FetchError::TooMany(set.keys.len()));
        }
        let mut usable = Vec::new();
        for key in set.keys {
            let read = serde_json::from_value::<Jwk>(key).map_err(|error| error.to_string());
            let key = read.and_then(|jwk| {
                TrustedKey::of_jwk(&jwk, &self.algorithms).map_err(|error| error.to_string())
            });
            match key {
                Ok(key) => usable.push(key),
                Err(why) => debug!(issuer = %self.issuer, why, "a published key is not used"),
            }
        }
        Ok(usable)
    }

    async fn get(&self, address: &Url) -> Result<Vec<u8>, FetchError> {
        let request = self.client.get(address.clone());
        let mut response = request.send().await.map_err(FetchError::NoAnswer)?;
        let status = response.status();
        if status != StatusCode::OK {
            let address = address.clone();
            return Err(FetchError::Status { address, status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::NoAnswer)? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(FetchError::TooLarge(address.to_string()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// No redirects: an address is the configured one, or the one that the issuer itself gave.
fn client(place: &Place) -> anyhow::Result<Client> {
    let client = Client::builder()
        .connect_timeout(ANSWER_WAIT)
        .timeout(ANSWER_WAIT)
        .redirect(Policy::none());
    let is_near =
        matches!(place, Place::Discovery(url) | Place::Jwks(url) if url.scheme() == "http");
    // On this machine no proxy lies between.
    let client = if is_near { client.no_proxy() } else { client };
    client
        .build()
        .context("set up the client that fetches keys")
}

fn read<'t, T: Deserialize<'t>>(
    text: &'t [u8],
    place: &str,
    wanted: &'static str,
) -> Result<T, FetchError> {
    serde_json::from_slice(text).map_err(|source| FetchError::NotWhatIsWanted {
        place: place.to_owned(),
        wanted,
        source,
    })
}
