//! The keys that verify an issuer's tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

/// Bytes of an RSA modulus that is neither weak nor expensive: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A signature algorithm that tokens may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signing {
    RS256,
    PS256,
    ES256,
    EdDSA,
}

impl Signing {
    pub const ALL: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// As headers of tokens name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signing| signing.name() == name)
    }

    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::PS256 => Algorithm::PS256,
            Self::ES256 => Algorithm::ES256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// A public key and the algorithms it is for.
#[derive(Clone)]
pub struct TrustedKey {
    kid: String,
    algorithms: Vec<Signing>,
    key: DecodingKey,
}

/// A key that verifies no token here.
#[derive(Debug, thiserror::Error)]
#[error("key `{kid}` is {why}")]
pub struct UnusableKey {
    pub kid: String,
    pub why: &'static str,
}

impl TrustedKey {
    /// An RSA key for RS256; 2048 to 8192 bits.
    ///
    /// # Errors
    /// The PEM is not an RSA public key (`BEGIN PUBLIC KEY`).
    pub fn rs256(kid: &str, pem: &str) -> Result<Self, UnusableKey> {
        let key = public_pem(pem).and_then(|pem| DecodingKey::from_rsa_pem(pem).ok());
        let why = "not an RSA public key in PEM form";
        Self::new(kid, Signing::RS256, key, why)
    }

    /// An Ed25519 key for `EdDSA`.
    ///
    /// # Errors
    /// The PEM is not an Ed25519 public key (`BEGIN PUBLIC KEY`).
    pub fn eddsa(kid: &str, pem: &str) -> Result<Self, UnusableKey> {
        let key = public_pem(pem).and_then(|pem| DecodingKey::from_ed_pem(pem).ok());
        let why = "not an Ed25519 public key in PEM form";
        Self::new(kid, Signing::EdDSA, key, why)
    }

    /// A key as an issuer publishes it, for those of `algorithms` that it can be used with.
    ///
    /// # Errors
    /// It has no name, is for something else than signatures (`use: enc`), or is of no kind or size
    /// that these algorithms take.
    pub fn of_jwk(jwk: &Jwk, algorithms: &[Signing]) -> Result<Self, UnusableKey> {
        let kid = jwk.common.key_id.clone().unwrap_or_default();
        let unusable = |why| UnusableKey {
            kid: kid.clone(),
            why,
        };
        if kid.is_empty() {
            return Err(unusable("without a kid"));
        }
        if !is_for_signatures(jwk) {
            return Err(unusable("not for signatures"));
        }
        let mut fitting = possible(jwk)?;
        if let Some(named) = jwk.common.key_algorithm {
            fitting.retain(|signing| {
                Algorithm::try_from(named).is_ok_and(|named| named == signing.algorithm())
            });
        }
        fitting.retain(|signing| algorithms.contains(signing));
        if fitting.is_empty() {
            return Err(unusable("for no algorithm that is taken of its issuer"));
        }
        let key = DecodingKey::try_from(jwk).ok();
        let key = key.filter(|key| parses(fitting[0], key));
        let key = key.ok_or_else(|| unusable("damaged"))?;
        Ok(Self {
            kid,
            algorithms: fitting,
            key,
        })
    }

    pub(super) fn of_ed25519_bytes(kid: &str, public: &[u8]) -> Self {
        Self {
            kid: kid.to_owned(),
            algorithms: vec![Signing::EdDSA],
            key: DecodingKey::from_ed_der(public),
        }
    }

    fn new(
        kid: &str,
        signing: Signing,
        key: Option<DecodingKey>,
        why: &'static str,
    ) -> Result<Self, UnusableKey> {
        let key = key.filter(|key| parses(signing, key));
        let key = key.ok_or_else(|| UnusableKey {
            kid: kid.to_owned(),
            why,
        })?;
        Ok(Self {
            kid: kid.to_owned(),
            algorithms: vec![signing],
            key,
        })
    }

    /// The name under which tokens refer to it.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn key(&self) -> &DecodingKey {
        &self.key
    }
}

impl PartialEq for TrustedKey {
    /// Whether both verify the very same tokens.
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.algorithms == other.algorithms
            && public(&self.key) == public(&other.key)
    }
}

/// What an issuer's keys say to a token's header.
pub enum Found {
    Key(TrustedKey),
    /// The key is for other algorithms.
    OtherAlgorithm,
    /// There is no key of that name, as far as is known here.
    Unknown,
}

/// Where the keys of one issuer come from.
pub trait KeySource: Send + Sync {
    /// The key of that name for that algorithm, as far as is known now; never waits.
    fn find(&self, kid: &str, signing: Signing) -> Found;

    /// Has the keys fetched anew because one is unknown. The future ends when that is done, or has
    /// taken too long; `None`: it was done a moment ago.
    fn renewal(&self) -> Option<BoxFuture<'static, ()>>;

    /// Whether an unknown key may be the fault of a provider that does not answer.
    fn is_away(&self) -> bool;
}

/// Keys that never change.
impl KeySource for Vec<TrustedKey> {
    fn find(&self, kid: &str, signing: Signing) -> Found {
        find(self, kid, signing)
    }

    fn renewal(&self) -> Option<BoxFuture<'static, ()>> {
        None
    }

    fn is_away(&self) -> bool {
        false
    }
}

/// The key of that name for that algorithm, among these.
pub fn find(keys: &[TrustedKey], kid: &str, signing: Signing) -> Found {
    let mut named = keys.iter().filter(|key| key.kid == kid).peekable();
    if named.peek().is_none() {
        return Found::Unknown;
    }
    named
        .find(|key| key.algorithms.contains(&signing))
        .map_or(Found::OtherAlgorithm, |key| Found::Key(key.clone()))
}

/// Counts how often a key stopped being trusted: what was proven before is then proven again. Shared by
/// all that fetch keys and all that verify by them.
#[derive(Clone, Debug, Default)]
pub struct Revision(Arc<AtomicU64>);

impl Revision {
    /// To be called when the key is gone already.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// To be asked before keys are.
    pub(super) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

fn is_for_signatures(jwk: &Jwk) -> bool {
    let used = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    used.is_none_or(|used| *used == PublicKeyUse::Signature)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The algorithms that its kind of key can be used with.
fn possible(jwk: &Jwk) -> Result<Vec<Signing>, UnusableKey> {
    let unusable = |why| UnusableKey {
        kid: jwk.common.key_id.clone().unwrap_or_default(),
        why,
    };
    match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n);
            let modulus = modulus.map_err(|_| unusable("damaged"))?;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            if !RSA_BYTES.contains(&(modulus.len() - zeros)) {
                return Err(unusable("not of 2048 to 8192 bits"));
            }
            Ok(vec![Signing::RS256, Signing::PS256])
        }
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Ok(vec![Signing::ES256])
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Ok(vec![Signing::EdDSA])
        }
        _ => Err(unusable("of no kind that is used here")),
    }
}

/// Whether a signature can be checked with it: the library would find out at the first token, and
/// then blame the token.
fn parses(signing: Signing, key: &DecodingKey) -> bool {
    let [bytes, exponent] = public(key);
    if !exponent.is_empty() {
        // Modulus and exponent, whose size was looked at.
        return true;
    }
    let parsed = match signing {
        Signing::EdDSA => ParsedPublicKey::new(&ED25519, bytes),
        Signing::ES256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes),
        Signing::RS256 | Signing::PS256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes),
    };
    parsed.is_ok()
}

/// The key itself; and the exponent, if it is given beside a modulus.
fn public(key: &DecodingKey) -> [&[u8]; 2] {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => [bytes, &[]],
        DecodingKeyKind::RsaModulusExponent { n, e } => [n, e],
    }
}

/// The library would take the first bit string of a certificate, or a private key, for a public one.
fn public_pem(pem: &str) -> Option<&[u8]> {
    pem.trim_start()
        .starts_with("-----BEGIN PUBLIC KEY-----")
        .then_some(pem.as_bytes())
}
