//! All whose tokens an installation takes.

use std::sync::Arc;

use http::auth::{IdentityProvider, Issuer, KeySource, Revision, TrustedKey, Verifier};
use kernel::port::Clock;
use resilience::Dependency;
use tokio::sync::watch;

use crate::provider::{Endpoints, Provider};
use crate::settings::IssuerSettings;
use crate::sign_in;

/// The issuers of an installation, and what fetches their keys.
pub struct Issuers {
    verifier: Verifier,
    providers: Vec<Arc<Provider>>,
    sign_in: Vec<Arc<dyn IdentityProvider>>,
    guards: Vec<Arc<Dependency>>,
}

/// What guards the calls of one issuer.
pub struct Guards {
    /// The fetching of its keys.
    pub keys: Arc<Dependency>,
    /// The redeeming of codes, if browsers sign in there.
    pub sign_in: Option<Arc<Dependency>>,
}

/// What issuers are made of.
pub struct Configured<'a> {
    /// The installation's own key, if it is one of them.
    pub local: Option<TrustedKey>,
    /// The audience of the installation.
    pub audience: &'a str,
    /// The others; without [`crate::faults`].
    pub issuers: &'a [IssuerSettings],
    /// Those of each.
    pub guards: Vec<Guards>,
    pub clock: Arc<dyn Clock>,
}

/// What sign-in at one issuer is made of beside its settings.
#[cfg_attr(
    not(feature = "issuers"),
    expect(dead_code, reason = "there is nothing to sign in at")
)]
pub(crate) struct Parts {
    pub(crate) keys: Arc<dyn KeySource>,
    /// Of access tokens, the same as for the API.
    pub(crate) verifier: Verifier,
    pub(crate) endpoints: watch::Receiver<Option<Arc<Endpoints>>>,
    pub(crate) guard: Arc<Dependency>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Issuers {
    /// # Errors
    /// A file of keys or a client's secret cannot be read, or this build cannot fetch keys.
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
        let (mut providers, mut keys) = (Vec::new(), Vec::new());
        for (settings_of, guards) in settings.iter().zip(&guards) {
            let guard = Arc::clone(&guards.keys);
            let provider = Arc::new(Provider::new(settings_of, guard, revision.clone())?);
            let of_provider: Arc<dyn KeySource> = Arc::new(provider.keys());
            let foreign = foreign_prefixes(&settings_of.actor_prefix, settings);
            let (demands, mapping) = (settings_of.demands(audience), settings_of.mapping(foreign)?);
            issuers.push(Issuer::new(demands, mapping, Arc::clone(&of_provider)));
            keys.push(of_provider);
            providers.push(provider);
        }
        let verifier = Verifier::new(issuers, revision, Arc::clone(&clock));
        let mut sign_in = Vec::new();
        for (((settings_of, keys), guards), provider) in
            settings.iter().zip(keys).zip(&guards).zip(&providers)
        {
            let (Some(asked), Some(guard)) = (&settings_of.sign_in, &guards.sign_in) else {
                continue;
            };
            let parts = Parts {
                keys,
                verifier: verifier.for_worker(),
                endpoints: provider.endpoints(),
                guard: Arc::clone(guard),
                clock: Arc::clone(&clock),
            };
            sign_in.push(sign_in::provider(settings_of, asked, parts)?);
        }
        Ok(Self {
            verifier,
            guards: guards.iter().flat_map(Guards::each).collect(),
            sign_in,
            providers,
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

    /// Those that browsers sign in at.
    #[must_use]
    pub fn sign_in(&self) -> &[Arc<dyn IdentityProvider>] {
        &self.sign_in
    }

    /// What guards their calls.
    #[must_use]
    pub fn guards(&self) -> &[Arc<Dependency>] {
        &self.guards
    }
}

impl Guards {
    fn each(&self) -> impl Iterator<Item = Arc<Dependency>> {
        [Some(&self.keys), self.sign_in.as_ref()]
            .into_iter()
            .flatten()
            .map(Arc::clone)
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
