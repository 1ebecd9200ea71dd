//! A build that fetches no keys: the installation's own key is the only one.

use std::convert::Infallible;
use std::sync::Arc;

use resilience::Dependency;

use super::Fetched;
use crate::settings::IssuerSettings;

pub(super) struct Fetch(Infallible);

/// Nobody signs in anywhere.
pub(crate) enum Endpoints {}

pub(super) type FetchError = Infallible;

impl Fetch {
    pub(super) fn new(settings: &IssuerSettings, _: Arc<Dependency>) -> anyhow::Result<Self> {
        anyhow::bail!(
            "auth.issuers: {}: this build takes tokens of its own key only: build it with `--features \
             issuers`",
            settings.issuer
        )
    }

    pub(super) async fn all(&self) -> Result<Fetched, FetchError> {
        match self.0 {}
    }
}
