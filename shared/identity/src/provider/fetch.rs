//! One fetch of an issuer's keys: discovery, key set, or a file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use http::auth::{Signing, TrustedKey};
use jsonwebtoken::jwk::Jwk;
use resilience::{CallError, Classified, Deadline, Dependency, Verdict};
use serde::Deserialize;
use serde_json::Value;
use tracing::{debug, warn};
use url::Url;

use super::Fetched;
use super::endpoints::Endpoints;
use crate::answers::{ANSWER_MAX, Answers, NoAnswer};
use crate::settings::{IssuerSettings, is_address, unsafe_address};

/// Most keys of an issuer.
const KEYS_MAX: usize = 64;

/// Where OpenID Connect Discovery has a provider describe itself.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

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
    answers: Answers,
    guard: Arc<Dependency>,
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
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
            Self::NoAnswer(none) if none.is_failure() => Verdict::Failure,
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

impl Fetched {
    /// Of an issuer that publishes no more.
    fn keys(keys: Vec<TrustedKey>) -> Self {
        let endpoints = None;
        Self { keys, endpoints }
    }
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
            answers: Answers::new(is_near(&place))?,
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

    /// The keys that the issuer has now, and where it does what.
    pub(super) async fn all(&self) -> Result<Fetched, FetchError> {
        if let Place::File(file) = &self.place {
            return self.of_file(file).map(Fetched::keys);
        }
        let answer = self.guard.call(Deadline::NONE, || self.published()).await;
        answer.map_err(|error| match error {
            CallError::Failed { source, .. } => source,
            other => FetchError::Guarded(Box::new(other)),
        })
    }

    async fn published(&self) -> Result<Fetched, FetchError> {
        match &self.place {
            Place::Jwks(address) => self.of_address(address).await.map(Fetched::keys),
            Place::Discovery(address) => self.of_description(address).await,
            Place::File(file) => self.of_file(file).map(Fetched::keys),
        }
    }

    async fn of_description(&self, address: &Url) -> Result<Fetched, FetchError> {
        let description = self.answers.get(address).await?;
        let keys = self.discovered(&description, address)?;
        Ok(Fetched {
            keys: self.of_address(&keys).await?,
            endpoints: self.endpoints(&description),
        })
    }

    /// Tokens are taken without them.
    fn endpoints(&self, description: &[u8]) -> Option<Endpoints> {
        match Endpoints::of(description) {
            Ok(endpoints) => Some(endpoints),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, issuer = %self.issuer, "nobody can sign in at the issuer");
                None
            }
        }
    }

    /// Where the provider says that its keys are.
    fn discovered(&self, answer: &[u8], address: &Url) -> Result<Url, FetchError> {
        let described: Description = read(answer, address.as_str(), "description of a provider")?;
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
        self.usable(&self.answers.get(address).await?, address.as_str())
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
}

/// Whether the provider is on this machine.
fn is_near(place: &Place) -> bool {
    matches!(place, Place::Discovery(url) | Place::Jwks(url) if url.scheme() == "http")
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
