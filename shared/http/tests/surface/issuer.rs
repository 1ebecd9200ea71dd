//! An identity provider that signs any claims, with tools of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use http::auth::{
    Absent, Demands, KeySource, LEEWAY_S, Mapping, Revision, Signing, TenantRule, TrustedKey,
    Verifier,
};
use kernel::Timestamp;
use kernel::port::Clock;
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const AUDIENCE: &str = "dealerboard";
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const NOW_S: i64 = 1_800_000_000;

/// A clock that only the test sets.
#[derive(Clone)]
pub(crate) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst) * 1_000)
    }
}

pub(crate) struct Issuer {
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    pub(crate) clock: SetClock,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        Self {
            ed: Ed25519KeyPair::generate().unwrap(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            clock: SetClock(Arc::new(AtomicI64::new(NOW_S))),
        }
    }

    /// Trusts `ed` for EdDSA and `rsa` for RS256, both of [`ISSUER`]; and `ec` for nothing.
    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier_of(demands(), mapping(), self.keys())
    }

    pub(crate) fn verifier_of(
        &self,
        demands: Demands,
        mapping: Mapping,
        keys: Arc<dyn KeySource>,
    ) -> Verifier {
        let issuer = http::auth::Issuer::new(demands, mapping, keys);
        let clock = Arc::new(self.clock.clone());
        Verifier::new(vec![issuer], Revision::default(), clock)
    }

    pub(crate) fn keys(&self) -> Arc<Vec<TrustedKey>> {
        Arc::new(vec![
            TrustedKey::eddsa("ed", &self.ed_pem()).unwrap(),
            TrustedKey::rs256("rsa", &self.rsa_pem()).unwrap(),
        ])
    }

    pub(crate) fn ed_pem(&self) -> String {
        pem(
            "PUBLIC KEY",
            self.ed.public_key().as_der().unwrap().as_ref(),
        )
    }

    pub(crate) fn rsa_pem(&self) -> String {
        pem(
            "PUBLIC KEY",
            self.rsa.public_key().as_der().unwrap().as_ref(),
        )
    }

    pub(crate) fn ec_pem(&self) -> String {
        pem(
            "PUBLIC KEY",
            self.ec.public_key().as_der().unwrap().as_ref(),
        )
    }

    /// A good token under the key `ed`.
    pub(crate) fn good(&self) -> String {
        self.ed(&ed_header(), &claims())
    }

    pub(crate) fn ed(&self, header: &Value, claims: &Value) -> String {
        self.ed_texts(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn ed_texts(&self, header: &str, claims: &str) -> String {
        signed(header, claims, |message| {
            self.ed.sign(message).as_ref().to_vec()
        })
    }

    pub(crate) fn rsa(&self, header: &Value, claims: &Value) -> String {
        signed(&header.to_string(), &claims.to_string(), |message| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa
                .sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .unwrap();
            signature
        })
    }

    pub(crate) fn rsa_pss(&self, header: &Value, claims: &Value) -> String {
        signed(&header.to_string(), &claims.to_string(), |message| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            let random = SystemRandom::new();
            self.rsa
                .sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                .unwrap();
            signature
        })
    }

    pub(crate) fn ed_jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.ed.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
    }

    pub(crate) fn ec_jwk(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    pub(crate) fn rsa_jwk(&self) -> Value {
        let key = self.rsa.public_key();
        let n = URL_SAFE_NO_PAD.encode(key.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(key.exponent().big_endian_without_leading_zero());
        json!({ "kty": "RSA", "n": n, "e": e })
    }

    pub(crate) fn ec(&self, header: &Value, claims: &Value) -> String {
        signed(&header.to_string(), &claims.to_string(), |message| {
            let signature = self.ec.sign(&SystemRandom::new(), message).unwrap();
            signature.as_ref().to_vec()
        })
    }
}

/// Both kinds of its keys, access tokens only.
pub(crate) fn demands() -> Demands {
    Demands {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: vec![Signing::EdDSA, Signing::RS256],
        types: vec!["at+jwt".to_owned()],
        leeway_s: LEEWAY_S,
    }
}

/// Tenant, name and roles, each by one claim.
pub(crate) fn mapping() -> Mapping {
    Mapping {
        tenant: TenantRule::Claim("tenant".parse().unwrap()),
        actor: vec!["sub".parse().unwrap()],
        actor_prefix: String::new(),
        foreign_prefixes: Vec::new(),
        roles: vec!["roles".parse().unwrap()],
        agent: None,
        books: None,
        accounts: None,
        ceiling: None,
        absent: Absent::Nothing,
        service: None,
    }
}

pub(crate) fn hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
    signed(&header.to_string(), &claims.to_string(), |message| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    })
}

pub(crate) fn signed(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn ed_header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "ed" })
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "tenant": "demo", "roles": ["trader"],
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 300,
    })
}

/// `object` with one member set, or taken out by null.
pub(crate) fn with(mut object: Value, member: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
    object
}

pub(crate) fn pem(tag: &str, der: &[u8]) -> String {
    let lines: Vec<_> = STANDARD
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!(
        "-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n",
        lines.join("\n")
    )
}
