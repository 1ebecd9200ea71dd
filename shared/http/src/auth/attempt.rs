//! A sign-in that has begun: what the browser keeps until it comes back from the provider.

use actix_web::http::header::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::port::SessionKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::provider::Proof;
use super::session::{NoRandomness, Secret, SecretCookie};
use crate::signature::Keyring;

/// How long a sign-in may take, seconds: people look for their second factor.
pub const ATTEMPT_FOR: i64 = 600;

/// Longest cookie that browsers keep, bytes, name and attributes included.
const COOKIE_MAX: usize = 4_096 - 200;

/// A sign-in that began in this browser at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// As paths name it.
    pub provider: String,
    secret: String,
    /// The path that is shown after it.
    pub to: String,
    /// Seconds since the epoch.
    until_s: i64,
}

impl Attempt {
    /// # Errors
    /// There is no randomness.
    pub fn new(provider: &str, to: &str, now_s: i64) -> Result<Self, NoRandomness> {
        Ok(Self {
            provider: provider.to_owned(),
            secret: Secret::random()?.expose().to_owned(),
            to: to.to_owned(),
            until_s: now_s.saturating_add(ATTEMPT_FOR),
        })
    }

    /// What the provider is told of it, piece by piece; none says anything of another.
    #[must_use]
    pub fn proof(&self, redirect_uri: String) -> Proof {
        Proof {
            redirect_uri,
            state: self.derived("state"),
            nonce: self.derived("nonce"),
            code_verifier: self.derived("code_verifier"),
        }
    }

    /// Its own name, under which it is known to have been used.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        SessionKey(self.hashed("used"))
    }

    fn derived(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.hashed(purpose))
    }

    /// The secret has a fixed length, so that no two purposes and secrets are one text.
    fn hashed(&self, purpose: &str) -> [u8; 32] {
        let hash = Sha256::new().chain_update(&self.secret);
        hash.chain_update(purpose).finalize().into()
    }
}

/// The cookie that holds it, sealed: only what the platform gave out counts, and only for its time.
#[derive(Clone)]
pub struct AttemptCookie {
    cookie: SecretCookie,
    keys: Keyring,
}

impl AttemptCookie {
    const PURPOSE: &str = "sign-in";

    /// `is_secure`: browsers come by https.
    #[must_use]
    pub fn new(keys: Keyring, is_secure: bool) -> Self {
        let cookie = SecretCookie::of_attempt(is_secure);
        Self { cookie, keys }
    }

    /// As a browser is told it; none if it is too long to be kept.
    #[must_use]
    pub fn set(&self, attempt: &Attempt) -> Option<HeaderValue> {
        let text = serde_json::to_vec(attempt).ok()?;
        let seal = self.keys.seal(Self::PURPOSE, &[&text]);
        let value = format!("{}.{seal}", URL_SAFE_NO_PAD.encode(&text));
        let age = format!("; Max-Age={ATTEMPT_FOR}");
        (value.len() <= COOKIE_MAX).then(|| self.cookie.line(&value, &age))
    }

    /// As a browser is told to forget it.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.cookie.clear()
    }

    /// The one that the browser keeps, if it is not over.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, now_s: i64) -> Option<Attempt> {
        let (text, seal) = self.cookie.value(headers)?.split_once('.')?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let sealed = self.keys.check(Self::PURPOSE, &[&text], seal.as_bytes());
        sealed.ok()?;
        let attempt: Attempt = serde_json::from_slice(&text).ok()?;
        (now_s < attempt.until_s).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

    use super::{ATTEMPT_FOR, Attempt, AttemptCookie};
    use crate::signature::{Keyring, Secret};

    const NOW_S: i64 = 1_800_000_000;

    fn cookie(secret: u8) -> AttemptCookie {
        let secret = Secret::new(vec![secret; 32]).unwrap();
        AttemptCookie::new(Keyring::new("k", &secret).unwrap(), true)
    }

    fn sent(line: &HeaderValue) -> HeaderMap {
        let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_str(pair).unwrap());
        headers
    }

    #[test]
    fn attempt_is_read_as_it_was_set_until_it_is_over() {
        let attempt = Attempt::new("desk", "/v1/trades", NOW_S).unwrap();
        let line = cookie(1).set(&attempt).unwrap();
        let text = line.to_str().unwrap();
        assert!(text.starts_with("__Host-dealerboard-signin="), "{text}");
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"));
        let headers = sent(&line);
        let last = NOW_S + ATTEMPT_FOR - 1;
        assert_eq!(cookie(1).read(&headers, last), Some(attempt));
        assert_eq!(cookie(1).read(&headers, last + 1), None);
    }

    #[test]
    fn attempt_that_the_platform_did_not_seal_is_none() {
        let attempt = Attempt::new("desk", "/", NOW_S).unwrap();
        let line = cookie(2).set(&attempt).unwrap();
        assert_eq!(cookie(1).read(&sent(&line), NOW_S), None);
        let changed = line.to_str().unwrap().replacen('e', "f", 1);
        let changed = HeaderValue::from_str(&changed).unwrap();
        assert_eq!(cookie(2).read(&sent(&changed), NOW_S), None);
    }

    #[test]
    fn attempt_is_too_long_for_a_cookie_at_some_length() {
        let of = |length: usize| {
            let to = "a".repeat(length);
            cookie(1).set(&Attempt::new("desk", &to, NOW_S).unwrap())
        };
        let line = of(2_048).unwrap();
        assert!(line.len() <= 4_096, "{}", line.len());
        assert!(of(4_096).is_none());
    }

    #[test]
    fn pieces_of_a_proof_differ_and_so_do_attempts() {
        let one = Attempt::new("desk", "/", NOW_S).unwrap();
        let proof = one.proof("https://desk.example/signin/desk/callback".to_owned());
        assert_ne!(proof.state, proof.nonce);
        assert_ne!(proof.nonce, proof.code_verifier);
        assert_eq!(proof.code_verifier.len(), 43);
        let other = Attempt::new("desk", "/", NOW_S).unwrap();
        assert_ne!(other.proof(String::new()).state, proof.state);
        assert_ne!(one.key(), other.key());
    }
}
