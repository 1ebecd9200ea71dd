//! All whose tokens an installation takes.

use std::sync::Arc;

use http::auth::{Issuer, KeySource, Revision, TrustedKey, Verifier};
use kernel::port::Clock;
use resilience::Dependency;

use crate::provider::Provider;
use crate::settings::IssuerSettings;

/// The issuers of an installation, and what fetches their keys.
pub struct Issuers {
    verifier: Verifier,
    providers: Vec<Arc<Provider>>,
    guards: Vec<Arc<Dependency>>,
}

/// What issuers are made of.
pub struct Configured<'a> {
    /// The installation's own key, if it is one of them.
    pub local: Option<TrustedKey>,
    /// The audience of the installation.
    pub audience: &'a str,
    /// The others; without [`crate::faults`].
    pub issuers: &'a [IssuerSettings],
    /// What guards the fetching of the keys of each.
    pub guards: Vec<Arc<Dependency>>,
    pub clock: Arc<dyn Clock>,
}

impl Issuers {
    /// # Errors
    /// A file of keys cannot be read, or this build cannot fetch any.
    pub fn new(configured: Configured<'_>) -> anyhow::Result<Self> {
        let Configured {
            local,
            audience,
            issuers: settings,
            guards,
            clock,
        } = configured;
        let revision = Revision::default();
        let mut issuers = Vec::new();
        if let Some(key) = local {
            issuers.push(Issuer::local(key, audience, foreign_prefixes("", settings)));
        }
        let mut providers = Vec::new();
        for (settings_of, guard) in settings.iter().zip(&guards) {
            let provider = Provider::new(settings_of, Arc::clone(guard), revision.clone())?;
            let keys: Arc<dyn KeySource> = Arc::new(provider.keys());
            providers.push(Arc::new(provider));
            let foreign = foreign_prefixes(&settings_of.actor_prefix, settings);
            let mapping = settings_of.mapping(foreign)?;
            issuers.push(Issuer::new(settings_of.demands(audience), mapping, keys));
        }
        Ok(Self {
            verifier: Verifier::new(issuers, revision, clock),
            providers,
            guards,
        })
    }

    /// Takes the tokens of all of them, with a memory of its own.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.for_worker()
    }

    /// What must run for keys to be fetched, each until it is told to stop.
    #[must_use]
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// Those of the fetching.
    #[must_use]
    pub fn guards(&self) -> &[Arc<Dependency>] {
        &self.guards
    }
}

/// Longer prefixes of others: a name belongs to the one whose prefix fits most of it, so that the names
/// of two issuers differ however their prefixes begin.
fn foreign_prefixes(own: &str, all: &[IssuerSettings]) -> Vec<String> {
    let prefixes = all.iter().map(|settings| settings.actor_prefix.clone());
    prefixes
        .filter(|prefix| prefix.len() > own.len() && prefix.starts_with(own))
        .collect()
}
