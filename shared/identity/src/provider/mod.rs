//! The keys of one issuer, kept fresh, and where it does what.
//!
//! They are fetched at the start, every few minutes, and when a token names one that is unknown.
//! Requests wait for a fetch at most a moment and never make one themselves.

#[cfg(feature = "issuers")]
mod endpoints;
#[cfg_attr(not(feature = "issuers"), path = "absent.rs")]
mod fetch;
mod keys;

#[cfg(test)]
#[cfg(feature = "issuers")]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use http::auth::{Revision, TrustedKey};
use resilience::Dependency;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::settings::IssuerSettings;

use fetch::{Fetch, FetchError};
use keys::Shared;

#[cfg(feature = "issuers")]
pub(crate) use endpoints::{ClientProof, Endpoints};
#[cfg(feature = "issuers")]
pub(crate) use fetch::DISCOVERY;
#[cfg(not(feature = "issuers"))]
pub(crate) use fetch::Endpoints;
pub(crate) use keys::ProvidedKeys;

/// How often keys are fetched that nobody misses: one that its issuer took back is trusted that long
/// at most while the provider answers.
pub const REFRESH: Duration = Duration::from_secs(300);

/// How long keys are trusted while the provider does not answer.
pub const TRUSTED_UNSEEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Time between tries at a provider that does not answer: one that has answered before, and one that
/// has not.
const TRY_AGAIN: Duration = Duration::from_secs(30);
const TRY_FIRST: Duration = Duration::from_secs(5);

/// What an issuer publishes.
pub(crate) struct Fetched {
    pub(crate) keys: Vec<TrustedKey>,
    /// Where it describes itself.
    pub(crate) endpoints: Option<Endpoints>,
}

/// Fetches the keys of one issuer.
pub struct Provider {
    issuer: String,
    fetch: Fetch,
    shared: Arc<Shared>,
    /// As they were last described.
    endpoints: watch::Sender<Option<Arc<Endpoints>>>,
    revision: Revision,
}

impl Provider {
    pub(crate) fn new(
        settings: &IssuerSettings,
        guard: Arc<Dependency>,
        revision: Revision,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            issuer: settings.issuer.clone(),
            fetch: Fetch::new(settings, guard)?,
            shared: Arc::default(),
            endpoints: watch::Sender::default(),
            revision,
        })
    }

    /// The keys as they are fetched.
    pub(crate) fn keys(&self) -> ProvidedKeys {
        ProvidedKeys::of(&self.shared)
    }

    /// Where it does what; nothing before it was reached.
    pub(crate) fn endpoints(&self) -> watch::Receiver<Option<Arc<Endpoints>>> {
        self.endpoints.subscribe()
    }

    /// Fetches until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.shared.begin();
            tokio::select! {
                () = stop.cancelled() => return,
                fetched = self.fetch.all() => self.settle(fetched),
            }
            let wait = self.shared.wait();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.shared.wanted() => {}
                () = sleep(wait) => {}
            }
        }
    }

    fn settle(&self, fetched: Result<Fetched, FetchError>) {
        let issuer = &self.issuer;
        match fetched {
            Ok(Fetched { keys, endpoints }) => {
                if let Some(endpoints) = endpoints {
                    self.endpoints.send_replace(Some(Arc::new(endpoints)));
                }
                let kids: Vec<_> = keys.iter().map(|key| key.kid().to_owned()).collect();
                let change = self.shared.take(keys, Instant::now());
                if change.any() {
                    info!(%issuer, keys = ?kids, "the issuer's keys are new");
                }
                self.forget_if(change.removed);
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, %issuer, "the issuer's keys cannot be fetched, will try again");
                let expired = self.shared.miss(Instant::now());
                if expired {
                    error!(%issuer, "the issuer's keys were not seen for a day and are no longer trusted");
                }
                self.forget_if(expired);
            }
        }
    }

    /// What was proven by a key that is gone.
    fn forget_if(&self, removed: bool) {
        if removed {
            self.revision.advance();
        }
    }
}
