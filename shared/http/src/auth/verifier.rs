//! Verifies tokens of the issuers that the server's configuration names.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::crypto::aws_lc;
use kernel::Timestamp;
use kernel::port::Clock;

use super::cache::{TokenCache, fingerprint};
use super::issuer::Issuer;
use super::keys::Revision;
use super::principal::Principal;
use super::signatures::KeyUnknown;
use super::token::{Declared, Proof, TOKEN_MAX, TokenError, Window};

/// Turns tokens into principals.
pub struct Verifier {
    issuers: Arc<[Issuer]>,
    revision: Revision,
    clock: Arc<dyn Clock>,
    cache: TokenCache,
}

/// Why a token proves nothing so far.
pub(super) enum Unproven {
    Refused(TokenError),
    /// It names a key that the issuer at this place may have by now.
    KeyUnknown(usize),
}

impl From<TokenError> for Unproven {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl Verifier {
    /// Takes tokens of exactly these issuers, each by its own keys. `revision` is that of all of them.
    pub fn new(issuers: Vec<Issuer>, revision: Revision, clock: Arc<dyn Clock>) -> Self {
        // Left to find its own, the library panics at the first token when another crate of the
        // build has switched on its second set of algorithms. Once installed, it stays.
        let _already_installed = aws_lc::DEFAULT_PROVIDER.install_default();
        Self {
            issuers: issuers.into(),
            revision,
            clock,
            cache: TokenCache::default(),
        }
    }

    /// The same verifier with a memory of its own. Workers that share one spend more time on passing
    /// its entries from core to core than on all else that a known token costs.
    #[must_use]
    pub fn for_worker(&self) -> Self {
        Self {
            issuers: Arc::clone(&self.issuers),
            revision: self.revision.clone(),
            clock: Arc::clone(&self.clock),
            cache: TokenCache::default(),
        }
    }

    /// By the keys that are known now.
    ///
    /// # Errors
    /// [`TokenError`]: the token proves nothing, or not now.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        self.proven(token, self.now_s())
    }

    fn proven(&self, token: &str, at_s: i64) -> Result<Principal, TokenError> {
        let proof = self.prove(at_s, token);
        let proof = proof.map_err(|unproven| self.refusal(unproven))?;
        Ok(proof.principal)
    }

    /// Waits for keys to be fetched if the token's is unknown and that was not done a moment ago.
    ///
    /// # Errors
    /// [`TokenError`]: the token proves nothing, or not now.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, TokenError> {
        self.authenticate_at(token, self.clock.now()).await
    }

    /// The same for a token that was presented at another time.
    ///
    /// # Errors
    /// [`TokenError`]: the token proves nothing, or did not then.
    pub async fn authenticate_at(
        &self,
        token: &str,
        at: Timestamp,
    ) -> Result<Principal, TokenError> {
        let at_s = seconds(at);
        match self.prove(at_s, token) {
            Ok(proof) => Ok(proof.principal),
            Err(unproven) => self.after_renewal(unproven, token, at_s).await,
        }
    }

    /// A second look, with the keys that the issuer has by now.
    pub(super) async fn after_renewal(
        &self,
        unproven: Unproven,
        token: &str,
        at_s: i64,
    ) -> Result<Principal, TokenError> {
        if let Unproven::KeyUnknown(at) = unproven
            && let Some(renewal) = self.issuers[at].keys().renewal()
        {
            renewal.await;
            return self.proven(token, at_s);
        }
        Err(self.refusal(unproven))
    }

    /// A token of an unknown key is its bearer's fault only if the issuer said so.
    fn refusal(&self, unproven: Unproven) -> TokenError {
        match unproven {
            Unproven::Refused(error) => error,
            Unproven::KeyUnknown(at) if self.issuers[at].keys().is_away() => TokenError::KeysAway,
            Unproven::KeyUnknown(_) => TokenError::UnknownKey,
        }
    }

    /// Whether tokens of that issuer are taken.
    #[must_use]
    pub fn trusts(&self, issuer: &str) -> bool {
        let mut issuers = self.issuers.iter();
        issuers.any(|known| known.name() == issuer)
    }

    /// Seconds since the epoch.
    pub(super) fn now_s(&self) -> i64 {
        seconds(self.clock.now())
    }

    /// Whether a proof still holds.
    pub(super) fn holds(&self, proof: &Proof, now_s: i64) -> bool {
        proof.revision == self.revision.current() && proof.window.admits(now_s).is_ok()
    }

    /// What the token proves at this second.
    pub(super) fn prove(&self, now_s: i64, token: &str) -> Result<Proof, Unproven> {
        if token.len() > TOKEN_MAX {
            return Err(TokenError::TooLong.into());
        }
        let fingerprint = fingerprint(token);
        if let Some(proof) = self.cache.get(&fingerprint) {
            if self.holds(&proof, now_s) {
                return Ok(proof);
            }
            self.cache.forget(&fingerprint);
        }
        // Before the keys are looked at: one that goes meanwhile then counts as gone.
        let revision = self.revision.current();
        let (principal, window) = self.verified(token)?;
        window.admits(now_s)?;
        let proof = Proof {
            principal,
            window,
            revision,
        };
        self.cache.keep(fingerprint, proof.clone());
        Ok(proof)
    }

    /// All that does not change with time.
    fn verified(&self, token: &str) -> Result<(Principal, Window), Unproven> {
        let declared = Declared::of(token)?;
        let named = declared.issuer()?;
        let mut issuers = self.issuers.iter();
        let at = issuers.position(|issuer| issuer.name() == named);
        let at = at.ok_or(TokenError::Issuer)?;
        match self.issuers[at].prove(&declared, token) {
            Ok(proven) => Ok(proven?),
            Err(KeyUnknown) => Err(Unproven::KeyUnknown(at)),
        }
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.micros().div_euclid(1_000_000)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}
