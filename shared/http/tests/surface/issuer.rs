//! An identity provider that signs any claims, with tools of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use http::auth::{TrustedKey, Verifier};
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
        let keys = vec![
            TrustedKey::eddsa("ed", ISSUER, &self.ed_pem()).unwrap(),
            TrustedKey::rs256("rsa", ISSUER, &self.rsa_pem()).unwrap(),
        ];
        Verifier::new(keys, AUDIENCE, Arc::new(self.clock.clone()))
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

    pub(crate) fn ec(&self, header: &Value, claims: &Value) -> String {
        signed(&header.to_string(), &claims.to_string(), |message| {
            let signature = self.ec.sign(&SystemRandom::new(), message).unwrap();
            signature.as_ref().to_vec()
        })
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
