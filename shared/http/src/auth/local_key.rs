//! The installation's own key for tokens: one command is enough to try the platform, and no
//! identity provider is needed. Where the key is kept is none of its business.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::Timestamp;
use kernel::access::SubjectKind;
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::keys::TrustedKey;
use super::principal::Principal;
use super::token::LIFETIME_MAX_S;

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

/// What [`Issuer::local`](super::Issuer::local) reads again.
#[derive(Serialize)]
struct LocalClaims<'p> {
    iss: &'p str,
    sub: &'p str,
    aud: &'p str,
    exp: i64,
    nbf: i64,
    iat: i64,
    tenant: &'p str,
    roles: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'p Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    books: Option<&'p BTreeSet<Arc<str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<&'p BTreeSet<Arc<str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ceiling: Option<i64>,
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

    /// A token that proves `principal` to `audience`, from `now` for `ttl` (whole seconds). Issuer and
    /// name in it are the installation's and the actor's, whatever the principal says.
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
        let claims = LocalClaims {
            iss: LOCAL_ISSUER,
            sub: principal.actor.as_str(),
            aud: audience,
            exp: now_s + ttl_s,
            nbf: now_s,
            iat: now_s,
            tenant: principal.tenant.as_str(),
            roles: principal.roles.iter().map(|role| role.as_str()).collect(),
            kind: (principal.kind == SubjectKind::Service).then_some("service"),
            agent: (*principal.agent != *principal.actor.as_str()).then_some(&principal.agent),
            books: principal.books.as_ref(),
            accounts: principal.accounts.as_ref(),
            ceiling: principal.ceiling,
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
        TrustedKey::of_ed25519_bytes(&self.kid, &self.public)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("kid", &self.kid).finish()
    }
}
