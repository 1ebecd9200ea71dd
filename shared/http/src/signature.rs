//! Keyed signatures: what the platform's own records and page cursors carry as proof of origin.
//!
//! Knows nothing of HTTP, so the log's side uses it too.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Shortest secret, bytes: the digest's own width, below which a key is the weakest part.
pub const SECRET_MIN: usize = 32;

/// Longest key id, bytes.
pub const KEY_ID_MAX: usize = 32;

/// Most keys at once: the one that signs, and those still accepted after a rotation.
pub const KEYS_MAX: usize = 8;

/// Version of the signed layout; another layout gets another name, never this one.
const LAYOUT: &str = "v1";

/// A secret that cannot print and is wiped from memory when dropped.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// # Errors
    /// The secret is shorter than [`SECRET_MIN`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, BadKey> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < SECRET_MIN {
            return Err(BadKey::Short);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Why a key cannot join a ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("secret is shorter than {SECRET_MIN} bytes")]
    Short,
    #[error("key id `{0}` is not 1 to {KEY_ID_MAX} letters, digits, `-` or `_`")]
    Id(String),
    #[error("key id `{0}` is given twice")]
    Twice(String),
    #[error("ring holds {KEYS_MAX} keys already")]
    Full,
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("signature is not of the form v1.<key id>.<mac>")]
    Malformed,
    #[error("signature names a key that is not in the ring")]
    UnknownKey,
    #[error("signature does not cover these bytes")]
    Mismatch,
}

/// The keys: one signs, all verify.
///
/// Rotation: every process first accepts the new key, then one after the other signs with it, then
/// the old one is taken out.
#[derive(Clone)]
pub struct Keyring {
    signing: String,
    /// Keyed but empty hashes: cloning one saves hashing the secret again.
    keys: BTreeMap<String, Hmac<Sha256>>,
}

impl Keyring {
    /// A ring of the key that signs.
    ///
    /// # Errors
    /// The id is no key id.
    pub fn new(id: &str, secret: &Secret) -> Result<Self, BadKey> {
        let ring = Self {
            signing: id.to_owned(),
            keys: BTreeMap::new(),
        };
        ring.accepting(id, secret)
    }

    /// Adds a key that verifies but does not sign.
    ///
    /// # Errors
    /// The id is no key id or is in the ring, or the ring is full.
    pub fn accepting(mut self, id: &str, secret: &Secret) -> Result<Self, BadKey> {
        if !is_key_id(id) {
            return Err(BadKey::Id(id.to_owned()));
        }
        if self.keys.len() == KEYS_MAX {
            return Err(BadKey::Full);
        }
        let keyed = Hmac::new_from_slice(&secret.0).expect("HMAC takes a key of any length");
        if self.keys.insert(id.to_owned(), keyed).is_some() {
            return Err(BadKey::Twice(id.to_owned()));
        }
        Ok(self)
    }

    /// Signs a record: the value of its header [`SIGNATURE`], `v1.<key id>.<base64url mac>`.
    #[must_use]
    pub fn sign(&self, topic: &str, key: &[u8], value: &[u8]) -> String {
        self.seal("record", &[topic.as_bytes(), key, value])
    }

    /// # Errors
    /// [`BadSignature`]: no key of this ring signed these bytes for this topic.
    pub fn verify(
        &self,
        topic: &str,
        key: &[u8],
        value: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.check("record", &[topic.as_bytes(), key, value], signature)
    }

    /// Signs `parts` for one `purpose`; a seal for one purpose is worth nothing for another.
    pub(crate) fn seal(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let keyed = &self.keys[&self.signing];
        let mac = absorb(keyed, purpose, parts).finalize().into_bytes();
        let mut seal = format!("{LAYOUT}.{}.", self.signing);
        URL_SAFE_NO_PAD.encode_string(mac, &mut seal);
        seal
    }

    pub(crate) fn check(
        &self,
        purpose: &str,
        parts: &[&[u8]],
        seal: &[u8],
    ) -> Result<(), BadSignature> {
        let (id, mac) = split(seal).ok_or(BadSignature::Malformed)?;
        let keyed = self.keys.get(id).ok_or(BadSignature::UnknownKey)?;
        // `verify_slice` compares in constant time.
        absorb(keyed, purpose, parts)
            .verify_slice(&mac)
            .map_err(|_| BadSignature::Mismatch)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("signing", &self.signing)
            .field("accepting", &self.keys.keys())
            .finish()
    }
}

/// Every part goes in behind its length, so that no two lists of parts give the same bytes.
fn absorb(keyed: &Hmac<Sha256>, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = keyed.clone();
    let prefix: [&[u8]; 3] = [b"dealerboard", LAYOUT.as_bytes(), purpose.as_bytes()];
    for part in prefix.iter().chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

fn split(seal: &[u8]) -> Option<(&str, Vec<u8>)> {
    /// Characters of 32 bytes in unpadded base64.
    const MAC_TEXT: usize = 43;
    let text = std::str::from_utf8(seal).ok()?;
    let (id, mac) = text
        .strip_prefix(LAYOUT)?
        .strip_prefix('.')?
        .split_once('.')?;
    if !is_key_id(id) || mac.len() != MAC_TEXT {
        return None;
    }
    Some((id, URL_SAFE_NO_PAD.decode(mac).ok()?))
}

fn is_key_id(id: &str) -> bool {
    (1..=KEY_ID_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{BadKey, BadSignature, KEYS_MAX, Keyring, Secret};
    use proptest::prelude::*;

    fn secret(byte: u8) -> Secret {
        Secret::new(vec![byte; 32]).unwrap()
    }

    fn ring(id: &str, byte: u8) -> Keyring {
        Keyring::new(id, &secret(byte)).unwrap()
    }

    /// The value was computed with Python's `hmac`, from this module's description alone.
    #[test]
    fn layout_never_changes() {
        assert_eq!(
            ring("k1", 7).sign("trades-commands", b"demo/T-1", b"{}"),
            "v1.k1.Wl4yp9WaHnG3Rui0mGqlhdecP8mmrJDYBAD0L0rdqBY"
        );
    }

    #[test]
    fn signature_holds_for_its_own_bytes_only() {
        let ring = ring("k1", 7);
        let signed = ring.sign("trades", b"demo/T-1", b"{}");
        let verify =
            |topic, key: &[u8], value: &[u8]| ring.verify(topic, key, value, signed.as_bytes());
        assert_eq!(verify("trades", b"demo/T-1", b"{}"), Ok(()));
        for (topic, key, value) in [
            ("orders", "demo/T-1", "{}"),
            ("trades", "demo/T-2", "{}"),
            ("trades", "demo/T-1", "{ }"),
            // The same bytes, cut elsewhere.
            ("trade", "sdemo/T-1", "{}"),
            ("trades", "demo/T-1{", "}"),
        ] {
            assert_eq!(
                verify(topic, key.as_bytes(), value.as_bytes()),
                Err(BadSignature::Mismatch)
            );
        }
    }

    #[test]
    fn seal_for_one_purpose_is_refused_for_another() {
        let ring = ring("k1", 7);
        let seal = ring.seal("cursor", &[b"trades", b"k", b"v"]);
        assert_eq!(
            ring.verify("trades", b"k", b"v", seal.as_bytes()),
            Err(BadSignature::Mismatch)
        );
    }

    #[test]
    fn old_key_is_accepted_until_it_leaves_the_ring() {
        let old = ring("k1", 1).sign("t", b"k", b"v");
        let rotated = ring("k2", 2).accepting("k1", &secret(1)).unwrap();
        assert_eq!(rotated.verify("t", b"k", b"v", old.as_bytes()), Ok(()));
        assert!(rotated.sign("t", b"k", b"v").starts_with("v1.k2."));
        assert_eq!(
            ring("k2", 2).verify("t", b"k", b"v", old.as_bytes()),
            Err(BadSignature::UnknownKey)
        );
        // The right name with the wrong secret.
        assert_eq!(
            ring("k1", 2).verify("t", b"k", b"v", old.as_bytes()),
            Err(BadSignature::Mismatch)
        );
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!("{:?} {:?}", secret(b'x'), ring("k1", b'x'));
        assert_eq!(
            shown,
            r#"Secret(hidden) Keyring { signing: "k1", accepting: ["k1"] }"#
        );
    }

    #[test]
    fn bad_keys_are_refused() {
        assert_eq!(Secret::new(vec![0; 31]).unwrap_err(), BadKey::Short);
        for id in ["", "a.b", "é", &"k".repeat(33)] {
            let refused = Keyring::new(id, &secret(1)).unwrap_err();
            assert_eq!(refused, BadKey::Id(id.to_owned()));
        }
        let twice = ring("k1", 1).accepting("k1", &secret(2)).unwrap_err();
        assert_eq!(twice, BadKey::Twice("k1".to_owned()));
        let full = (1..KEYS_MAX).fold(ring("k0", 1), |ring, n| {
            ring.accepting(&format!("k{n}"), &secret(1)).unwrap()
        });
        assert_eq!(
            full.accepting("one-more", &secret(1)).unwrap_err(),
            BadKey::Full
        );
    }

    proptest! {
        #[test]
        fn any_other_signature_is_refused(place in 0usize..49, byte: u8) {
            let ring = ring("k1", 7);
            let mut signed = ring.sign("t", b"k", b"v").into_bytes();
            prop_assume!(signed[place] != byte);
            signed[place] = byte;
            prop_assert!(ring.verify("t", b"k", b"v", &signed).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(seal in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(ring("k1", 7).verify("t", b"k", b"v", &seal).is_err());
        }
    }
}
