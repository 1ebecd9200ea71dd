//! Notices of providers that somebody is signed out there.
//!
//! A notice is kept beside the sessions for as long as one of those it ends could last, and is looked for
//! with every look at a session: so it ends those that a sign-in opens a moment after it, too.

use std::time::Duration;

use http::auth::{ATTEMPT_FOR, LogoutToken, SignedIn};
use http::problem::Problem;
use kernel::port::SessionKey;
use resilience::Deadline;

use super::{BrowserSessions, LOOK_WAIT, away};

/// How often one notice comes; a second time it is a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    First,
    Again,
}

impl BrowserSessions {
    /// Whether nobody has claimed the key before.
    ///
    /// # Errors
    /// Nobody can say at the moment.
    pub(crate) async fn claim(&self, key: SessionKey, keep: Duration) -> Result<bool, Problem> {
        let claim = || self.ports.sessions.claim(key, keep);
        // Tried twice it could be refused for its own sake.
        let claimed = self
            .ports
            .guard
            .call_once(Deadline::within(LOOK_WAIT), claim);
        claimed.await.map_err(away)
    }

    /// Ends what the notice of an issuer is about: here at once, on other gateways with their next look.
    ///
    /// # Errors
    /// It cannot be kept at the moment, or not be told from a replay; the same notice may come again.
    pub(crate) async fn notice(
        &self,
        issuer: &str,
        token: &LogoutToken,
    ) -> Result<Coming, Problem> {
        let keys = token.notices(issuer);
        for key in &keys {
            self.keep(*key, token.issued_s).await?;
        }
        self.forget(&keys, token.issued_s);
        // Behind what it is for, so that a notice which failed half way is none that came. A replay moves
        // nothing: it is no newer than itself.
        let now_s = self.ports.clock.now().micros().div_euclid(1_000_000);
        let left_s = u64::try_from(token.until_s.saturating_sub(now_s)).unwrap_or(0);
        let keep = Duration::from_secs(left_s.max(1));
        let is_first = self.claim(token.key(issuer), keep).await?;
        Ok(if is_first {
            Coming::First
        } else {
            Coming::Again
        })
    }

    /// The newest notice under a key counts.
    async fn keep(&self, key: SessionKey, issued_s: i64) -> Result<(), Problem> {
        let before = self.peek(key).await?;
        if before
            .and_then(seconds)
            .is_some_and(|before| before >= issued_s)
        {
            return Ok(());
        }
        let keep = self.limits.absolute + Duration::from_secs(ATTEMPT_FOR.unsigned_abs());
        let kept = issued_s.to_be_bytes();
        let open = || self.ports.sessions.open(key, &kept, keep);
        let opened = self.ports.guard.call(Deadline::within(LOOK_WAIT), open);
        opened.await.map_err(away)
    }

    fn forget(&self, keys: &[SessionKey], issued_s: i64) {
        for (id, remembered) in &self.remembered {
            let at_provider = remembered.signed_in.at_provider.as_ref();
            let is_over = at_provider.is_some_and(|session| {
                let notices = session.notices();
                session.issued_s <= issued_s && notices.iter().any(|key| keys.contains(key))
            });
            if is_over {
                self.remembered.invalidate(&*id);
            }
        }
    }

    /// Whether a notice ends the session: one that is as new as its sign-in, by the provider's own clock.
    /// What cannot be looked up is not known, as of sessions themselves.
    pub(super) async fn is_noticed(&self, signed_in: &SignedIn) -> bool {
        let Some(session) = &signed_in.at_provider else {
            return false;
        };
        let looks = session.notices().into_iter().map(|key| self.peek(key));
        let found = futures::future::join_all(looks).await;
        let mut noticed = found.into_iter().flatten().flatten().filter_map(seconds);
        noticed.any(|noticed_s| session.issued_s <= noticed_s)
    }
}

fn seconds(kept: Vec<u8>) -> Option<i64> {
    Some(i64::from_be_bytes(kept.try_into().ok()?))
}
