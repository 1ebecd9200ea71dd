//! The id of a browser's session, and the cookie that holds it.

use std::fmt;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::port::SessionKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// The same in base64url.
const SECRET_TEXT: usize = 43;

/// A secret of 256 random bits, 43 characters of base64url. It cannot print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// The operating system gives no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness")]
pub struct NoRandomness;

impl Secret {
    /// A new one, of the operating system's randomness.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        let filled = SystemRandom::new().fill(&mut bytes[..]);
        filled.map_err(|_| NoRandomness)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(&bytes[..]))))
    }

    /// The secret that a text may be.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = text.len() == SECRET_TEXT && text.bytes().all(is_base64url);
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// What is kept of it where it is compared or looked up.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        SessionKey(Sha256::digest(self.0.as_bytes()).into())
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A cookie that scripts cannot read, other sites' forms do not send, and only this host gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretCookie {
    name: &'static str,
    is_secure: bool,
}

impl SecretCookie {
    /// The cookie of sessions. `is_secure`: browsers come by https; if not, by http on this machine.
    /// The prefix keeps other hosts of the domain, and plain http, from setting it.
    #[must_use]
    pub const fn of_session(is_secure: bool) -> Self {
        let name = if is_secure {
            "__Host-dealerboard-session"
        } else {
            "dealerboard-session"
        };
        Self { name, is_secure }
    }

    /// The cookie of a sign-in that has begun.
    #[must_use]
    pub(super) const fn of_attempt(is_secure: bool) -> Self {
        let name = if is_secure {
            "__Host-dealerboard-signin"
        } else {
            "dealerboard-signin"
        };
        Self { name, is_secure }
    }

    /// As a browser is told it; it lasts as long as the browser runs.
    ///
    /// # Panics
    /// Never: name and secret are printable.
    #[must_use]
    pub fn set(&self, secret: &Secret) -> HeaderValue {
        self.line(secret.expose(), "")
    }

    /// As a browser is told to forget it.
    ///
    /// # Panics
    /// Never: the name is printable.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.line("", "; Max-Age=0")
    }

    /// With that value, which is printable.
    pub(super) fn line(&self, value: &str, age: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = self.name;
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        let line = HeaderValue::from_str(&line);
        line.expect("names and secrets are printable")
    }

    /// The secret of the request's cookie; none if there are several, of which one could be another's.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap) -> Option<Secret> {
        self.value(headers).and_then(Secret::of)
    }

    /// The value of the request's cookie, likewise.
    pub(super) fn value<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let mut values = self.values(headers);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Whether the request has the cookie, whatever it holds.
    #[must_use]
    pub fn is_sent(&self, headers: &HeaderMap) -> bool {
        self.values(headers).next().is_some()
    }

    fn values<'h>(&self, headers: &'h HeaderMap) -> impl Iterator<Item = &'h str> {
        let (name, lines) = (self.name, headers.get_all(COOKIE));
        let lines = lines.filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
        pairs.filter_map(move |(of, value)| (of == name).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

    use super::{Secret, SecretCookie};

    const PLAIN: SecretCookie = SecretCookie::of_session(false);
    const SECURE: SecretCookie = SecretCookie::of_session(true);

    fn headers(lines: &[String]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn cookie_is_read_as_it_was_set() {
        let secret = Secret::random().unwrap();
        for cookie in [PLAIN, SECURE] {
            let set = cookie.set(&secret);
            let (pair, _) = set.to_str().unwrap().split_once(';').unwrap();
            let sent = headers(&[format!("theme=dark; {pair}")]);
            assert_eq!(cookie.read(&sent), Some(secret.clone()));
            assert!(cookie.is_sent(&sent));
        }
    }

    #[test]
    fn cookie_is_for_this_host_and_no_script() {
        let secret = Secret::of(&"a".repeat(43)).unwrap();
        let value = "a".repeat(43);
        assert_eq!(
            SECURE.set(&secret),
            format!("__Host-dealerboard-session={value}; Path=/; HttpOnly; SameSite=Lax; Secure")
        );
        assert_eq!(
            PLAIN.set(&secret),
            format!("dealerboard-session={value}; Path=/; HttpOnly; SameSite=Lax")
        );
        let cleared = PLAIN.clear();
        assert!(cleared.to_str().unwrap().ends_with("; Max-Age=0"));
    }

    #[test]
    fn cookie_that_is_sent_twice_or_is_no_secret_opens_nothing() {
        let pair = format!("dealerboard-session={}", "a".repeat(43));
        for lines in [
            vec![format!("{pair}; {pair}")],
            vec![pair.clone(), pair.clone()],
            vec![format!("dealerboard-session={}", "a".repeat(42))],
            vec![format!("dealerboard-session={}!", "a".repeat(42))],
            vec![format!("x{pair}")],
            vec![],
        ] {
            assert_eq!(PLAIN.read(&headers(&lines)), None, "{lines:?}");
        }
        assert_eq!(SECURE.read(&headers(&[pair])), None);
    }

    #[test]
    fn secrets_differ_and_do_not_print() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.key(), other.key());
        assert_eq!(format!("{one:?}"), "Secret");
        assert_eq!(one.expose().len(), 43);
    }
}
