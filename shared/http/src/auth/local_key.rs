//! The installation's own key for tokens: one command is enough to try the platform, and no
//! identity provider is needed. Where the key is kept is none of its business.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::principal::Principal;
use super::token::{Claims, LIFETIME_MAX_S};
use super::verifier::TrustedKey;

/// Issuer of the tokens that [`LocalKey`] signs.
pub const LOCAL_ISSUER: &str = "dealerboard-local";

/// An Ed25519 key that issues tokens for its own installation.
pub struct LocalKey {
    kid: String,
    signing: EncodingKey,
    public: Vec<u8>,
}

/// Why there is no local key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalKeyError {
    #[error("it is no ed25519 key in PKCS#8")]
    Unusable,
    #[error("there is no randomness to make a key of")]
    Randomness,
}

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("a token may live at most {LIFETIME_MAX_S} seconds")]
    Lifetime,
    #[error("sign the token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl LocalKey {
    /// A new key, as PKCS#8 in DER form.
    ///
    /// # Errors
    /// [`LocalKeyError::Randomness`].
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, LocalKeyError> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let der = der.map_err(|_| LocalKeyError::Randomness)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key of what [`Self::generate`] gave.
    ///
    /// # Errors
    /// [`LocalKeyError::Unusable`].
    pub fn from_der(der: &[u8]) -> Result<Self, LocalKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| LocalKeyError::Unusable)?;
        let public = pair.public_key().as_ref().to_vec();
        // Named after the key itself: another key can never pass under an old name.
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&public)[..12]);
        Ok(Self {
            kid,
            signing: EncodingKey::from_ed_der(der),
            public,
        })
    }

    /// The public half as bytes: enough to distinguish two keys, and no secret.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// A token that proves `principal` to `audience`, from `now` for `ttl` (whole seconds).
    ///
    /// # Errors
    /// The life asked for is longer than the verifier takes, or the library cannot sign.
    pub fn issue(
        &self,
        principal: &Principal,
        audience: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<String, IssueError> {
        let now_s = now.micros().div_euclid(1_000_000);
        let ttl_s = i64::try_from(ttl.as_secs())
            .ok()
            .filter(|seconds| *seconds <= LIFETIME_MAX_S)
            .ok_or(IssueError::Lifetime)?;
        let claims = Claims {
            iss: LOCAL_ISSUER.to_owned(),
            sub: principal.actor.to_string(),
            aud: Value::String(audience.to_owned()),
            exp: now_s + ttl_s,
            nbf: now_s,
            iat: now_s,
            tenant: principal.tenant.to_string(),
            roles: principal.roles.iter().map(ToString::to_string).collect(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        // See `Verifier::new`.
        let _already_installed = aws_lc::DEFAULT_PROVIDER.install_default();
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(IssueError::Sign)
    }

    /// The public half, for the verifier of the same installation.
    #[must_use]
    pub fn trusted(&self) -> TrustedKey {
        TrustedKey::of_ed25519_bytes(&self.kid, LOCAL_ISSUER, &self.public)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("kid", &self.kid).finish()
    }
}
