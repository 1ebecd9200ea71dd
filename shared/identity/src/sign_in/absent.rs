//! A build that fetches no keys has no issuers to sign in at.

use std::sync::Arc;

use http::auth::IdentityProvider;

use crate::issuers::Parts;
use crate::settings::{IssuerSettings, SignInSettings};

pub(crate) fn provider(
    issuer: &IssuerSettings,
    _: &SignInSettings,
    _: Parts,
) -> anyhow::Result<Arc<dyn IdentityProvider>> {
    anyhow::bail!("auth.issuers: {}: this build cannot ask it", issuer.issuer)
}
