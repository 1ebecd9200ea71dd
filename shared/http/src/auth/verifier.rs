//! Verifies tokens against keys that the server's configuration names.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::port::Clock;

use super::cache::{TokenCache, fingerprint};
use super::principal::Principal;
use super::token::{Claims, TOKEN_MAX, TokenError, TokenHeader, Window};

/// A public key, the one algorithm it is for and the one issuer that signs with it.
///
/// Bound to its issuer, so that one identity provider cannot sign for another.
#[derive(Clone)]
pub struct TrustedKey {
    kid: String,
    issuer: String,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The PEM is not a public key of the required kind.
#[derive(Debug, thiserror::Error)]
#[error("key `{kid}` is not a {wanted} public key in PEM form")]
pub struct UnusableKey {
    pub kid: String,
    pub wanted: &'static str,
}

/// Turns tokens into principals.
pub struct Verifier {
    keys: Arc<[(TrustedKey, Validation)]>,
    clock: Arc<dyn Clock>,
    cache: TokenCache,
}

impl TrustedKey {
    /// An RSA key for RS256; 2048 to 8192 bits.
    ///
    /// # Errors
    /// The PEM is not an RSA public key (`BEGIN PUBLIC KEY`).
    pub fn rs256(kid: &str, issuer: &str, pem: &str) -> Result<Self, UnusableKey> {
        let key = public_pem(pem).and_then(|pem| DecodingKey::from_rsa_pem(pem).ok());
        Self::new(kid, issuer, Algorithm::RS256, key, "RSA")
    }

    /// An Ed25519 key for EdDSA.
    ///
    /// # Errors
    /// The PEM is not an Ed25519 public key (`BEGIN PUBLIC KEY`).
    pub fn eddsa(kid: &str, issuer: &str, pem: &str) -> Result<Self, UnusableKey> {
        let key = public_pem(pem).and_then(|pem| DecodingKey::from_ed_pem(pem).ok());
        Self::new(kid, issuer, Algorithm::EdDSA, key, "Ed25519")
    }

    pub(super) fn of_ed25519_bytes(kid: &str, issuer: &str, public: &[u8]) -> Self {
        Self {
            kid: kid.to_owned(),
            issuer: issuer.to_owned(),
            algorithm: Algorithm::EdDSA,
            key: DecodingKey::from_ed_der(public),
        }
    }

    fn new(
        kid: &str,
        issuer: &str,
        algorithm: Algorithm,
        key: Option<DecodingKey>,
        wanted: &'static str,
    ) -> Result<Self, UnusableKey> {
        let unusable = || UnusableKey {
            kid: kid.to_owned(),
            wanted,
        };
        let key = key
            .filter(|key| parses(algorithm, key))
            .ok_or_else(unusable)?;
        Ok(Self {
            kid: kid.to_owned(),
            issuer: issuer.to_owned(),
            algorithm,
            key,
        })
    }

    /// What the library checks: all but times, which it would take from the system's clock.
    fn validation(&self, audience: &str) -> Validation {
        let mut validation = Validation::new(self.algorithm);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

impl Verifier {
    /// Trusts exactly these keys; a token must be for `audience`.
    pub fn new(keys: Vec<TrustedKey>, audience: &str, clock: Arc<dyn Clock>) -> Self {
        // Left to find its own, the library panics at the first token when another crate of the
        // build has switched on its second set of algorithms. Once installed, it stays.
        let _already_installed = aws_lc::DEFAULT_PROVIDER.install_default();
        let keys = keys
            .into_iter()
            .map(|key| {
                let validation = key.validation(audience);
                (key, validation)
            })
            .collect();
        Self {
            keys,
            clock,
            cache: TokenCache::default(),
        }
    }

    /// The same verifier with a memory of its own. Workers that share one spend more time on passing
    /// its entries from core to core than on all else that a known token costs.
    #[must_use]
    pub fn for_worker(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            clock: Arc::clone(&self.clock),
            cache: TokenCache::default(),
        }
    }

    /// # Errors
    /// [`TokenError`]: the token proves nothing, or not now.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        self.verify_at(self.now_s(), token)
            .map(|(principal, _)| principal)
    }

    /// Seconds since the epoch.
    pub(super) fn now_s(&self) -> i64 {
        self.clock.now().micros().div_euclid(1_000_000)
    }

    /// The principal, and how long the token counts.
    pub(super) fn verify_at(
        &self,
        now_s: i64,
        token: &str,
    ) -> Result<(Principal, Window), TokenError> {
        if token.len() > TOKEN_MAX {
            return Err(TokenError::TooLong);
        }
        let fingerprint = fingerprint(token);
        if let Some((principal, window)) = self.cache.get(&fingerprint) {
            let still = window.admits(now_s);
            if still.is_err() {
                self.cache.forget(&fingerprint);
            }
            return still.map(|()| (principal, window));
        }
        let (principal, window) = self.prove(token)?;
        window.admits(now_s)?;
        self.cache.keep(fingerprint, principal.clone(), window);
        Ok((principal, window))
    }

    /// All that does not change with time.
    fn prove(&self, token: &str) -> Result<(Principal, Window), TokenError> {
        let header = TokenHeader::of(token)?;
        let (key, validation) = self
            .keys
            .iter()
            .find(|(key, _)| key.kid == header.kid)
            .ok_or(TokenError::UnknownKey)?;
        // The key decides the algorithm; the token may only agree.
        if header.alg != name_of(key.algorithm) {
            return Err(TokenError::Algorithm);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, validation)
            .map_err(|error| reason(error.kind()))?
            .claims;
        Ok((claims.principal()?, Window::of(&claims)?))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(key, _)| &key.kid).collect();
        f.debug_struct("Verifier").field("keys", &keys).finish()
    }
}

fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::EdDSA => "EdDSA",
        // No key is ever made for another.
        _ => "",
    }
}

fn reason(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => TokenError::Claims,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

/// Whether a signature can be checked with it: the library would find out at the first token, and
/// then blame the token.
fn parses(algorithm: Algorithm, key: &DecodingKey) -> bool {
    let Ok(bytes) = key.try_get_as_bytes() else {
        return false;
    };
    match algorithm {
        Algorithm::RS256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes).is_ok(),
        _ => ParsedPublicKey::new(&ED25519, bytes).is_ok(),
    }
}

/// The library would take the first bit string of a certificate, or a private key, for a public one.
fn public_pem(pem: &str) -> Option<&[u8]> {
    pem.trim_start()
        .starts_with("-----BEGIN PUBLIC KEY-----")
        .then_some(pem.as_bytes())
}
