//! Whose tokens are taken, as the configuration says.

use std::sync::Arc;

use futures::FutureExt as _;
use identity::{Configured, Issuers, LocalKeys};
use pipeline::SystemClock;

use super::Background;
use super::guards::Guards;
use crate::config::Auth;

pub(super) fn issuers(auth: &Auth, keys: &LocalKeys, guards: &Guards) -> anyhow::Result<Issuers> {
    Issuers::new(Configured {
        local: auth.local.then(|| keys.tokens.trusted()),
        audience: &auth.audience,
        issuers: &auth.issuers,
        guards: guards.of_issuers(&auth.issuers)?,
        clock: Arc::new(SystemClock),
    })
}

/// Keeps their keys fresh.
pub(super) fn fetching(issuers: &Issuers) -> Vec<(&'static str, Background)> {
    let providers = issuers.providers().iter().cloned();
    let tasks = providers.map(|provider| {
        let run: Background = Box::new(move |stop| {
            let provider = Arc::clone(&provider);
            async move {
                provider.run(stop).await;
                Ok(())
            }
            .boxed()
        });
        ("process/issuer", run)
    });
    tasks.collect()
}
