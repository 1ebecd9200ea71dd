//! Senders of records who prove themselves by an access token, as callers do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::auth::{Members as _, Principal, TokenError, Verifier, bearer};
use kernel::port::{Bearers, Misplaced, Outcomes, Producer, Unproven};
use kernel::{Fault, Timestamp, Venues};

use super::Platform;
use super::members::Known;

/// How long records wait for the keys of issuers after a start. Later, an issuer that does not answer holds
/// up nobody: what cannot be judged is parked.
const KEYS_WAIT: Duration = Duration::from_secs(10);

struct TokenBearers {
    verifier: Verifier,
    members: Known,
    venues: Venues,
    since: Instant,
}

impl TokenBearers {
    fn new(platform: &Platform) -> Self {
        Self {
            verifier: platform.ports.issuers.verifier(),
            members: Known::new(platform),
            venues: platform.config.known_venues(),
            since: Instant::now(),
        }
    }

    fn unproven(&self, why: TokenError) -> Unproven {
        if why == TokenError::KeysAway && self.since.elapsed() < KEYS_WAIT {
            return Unproven::NotYet(Fault::bare("issuer", "fetch the keys of tokens"));
        }
        Unproven::Refused(why.to_string())
    }

    fn producer(&self, principal: &Principal) -> Producer {
        let mut subject = (**principal).clone();
        subject.actor = self.venues.known(&subject);
        Producer {
            name: format!("{} of {}", subject.name, subject.issuer),
            standings: principal.standings().clone(),
            subject,
            misplaced: Misplaced::Park,
            outcomes: Outcomes::Refused,
        }
    }
}

impl Platform {
    /// None where tokens in records are not looked at.
    pub(super) fn bearers(&self) -> Option<Arc<dyn Bearers>> {
        let is_wanted = self.config.kafka.bearer_tokens;
        is_wanted.then(|| Arc::new(TokenBearers::new(self)) as _)
    }
}

#[async_trait]
impl Bearers for TokenBearers {
    async fn bearer(&self, header: &[u8], at: Timestamp) -> Result<Producer, Unproven> {
        if self.members.version().is_none() {
            let fault = Fault::bare("events", "read whose tokens were revoked");
            return Err(Unproven::NotYet(fault));
        }
        let token = bearer(header).map_err(|why| self.unproven(why))?;
        let principal = self.verifier.authenticate_at(token, at).await;
        let principal = principal.map_err(|why| self.unproven(why))?;
        let completed = principal.completed(&self.members);
        let known = completed.map_err(|why| Unproven::Refused(why.detail().to_owned()))?;
        Ok(self.producer(&known))
    }
}
