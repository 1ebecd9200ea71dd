//! A build that fetches no keys: the installation's own key is the only one.

use std::convert::Infallible;
use std::sync::Arc;

use http::auth::TrustedKey;
use resilience::Dependency;

use crate::settings::IssuerSettings;

pub(super) struct Fetch(Infallible);

pub(super) type FetchError = Infallible;

impl Fetch {
    pub(super) fn new(settings: &IssuerSettings, _: Arc<Dependency>) -> anyhow::Result<Self> {
        anyhow::bail!(
            "auth.issuers: {}: this build takes tokens of its own key only: build it with `--features \
             issuers`",
            settings.issuer
        )
    }

    pub(super) async fn keys(&self) -> Result<Vec<TrustedKey>, FetchError> {
        match self.0 {}
    }
}
