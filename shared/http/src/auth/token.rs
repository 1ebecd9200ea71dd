//! What an access token must be: RFC 9068, read as strictly as providers allow.
//!
//! jsonwebtoken 12 checks the signature, the issuer and the audience. It is not left the rest: it
//! reads the system's clock, takes a float for a time and a list for an issuer, leaves `typ`
//! unread, and lets a claim that it does not know be given twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::claims::Claims;
use super::principal::Principal;
use crate::json;

/// Longest token, bytes: half of what all headers of a request may take.
pub const TOKEN_MAX: usize = 8 * 1024;

/// How far the clock of an issuer may be off unless it is configured otherwise, seconds.
pub const LEEWAY_S: i64 = 30;

/// Longest life of a token from `iat` to `exp`, seconds: one working day. Tokens for people should
/// live minutes; this bounds what a leaked one is worth.
pub const LIFETIME_MAX_S: i64 = 24 * 60 * 60;

/// Why a request has no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    #[error("request has no bearer token")]
    Missing,
    #[error("token is longer than 8192 bytes")]
    TooLong,
    #[error("token is not a signed JWT")]
    Malformed,
    #[error("token is no access token, or of a type that is not taken of its issuer")]
    NotAnAccessToken,
    #[error("token lists critical extensions, of which none is known here")]
    Critical,
    #[error("token is bound to a key of its bearer (cnf), which is not asked for here")]
    Bound,
    #[error("token is of an issuer that is not trusted here")]
    Issuer,
    #[error("token names no key of its issuer")]
    UnknownKey,
    #[error("token's algorithm is not one that is taken of its issuer, or not that of its key")]
    Algorithm,
    #[error("token's signature does not hold")]
    Signature,
    #[error("token is not for this audience")]
    Audience,
    #[error("token lacks what names its {0}, or has it in a wrong form")]
    Claim(&'static str),
    #[error("token lists more {0} than the {1} that are taken")]
    TooMany(&'static str, usize),
    #[error("token's actor has a name that belongs to another issuer")]
    ForeignName,
    #[error("token is no ID token")]
    NotAnIdToken,
    #[error("token is no logout token")]
    NotALogoutToken,
    #[error("token is of another sign-in (nonce)")]
    Nonce,
    #[error("token was made for another client (azp)")]
    OtherClient,
    #[error("token came with another access token (at_hash), or names another person than it")]
    OtherAccessToken,
    #[error("token lives longer than a day")]
    Lifetime,
    #[error("token has expired")]
    Expired,
    #[error("the session is over, sign in again")]
    SessionOver,
    #[error("token was revoked")]
    Revoked,
    #[error("which tokens were revoked is still being read")]
    MembersUnread,
    #[error("token is not valid yet")]
    NotYet,
    /// Nobody can say whether the token is good.
    #[error("the issuer's keys cannot be had at the moment")]
    KeysAway,
}

/// What a token declares before anything of it is believed. Where to fetch keys (`jku`, `x5u`, `jwk`)
/// is not read at all.
#[derive(Debug)]
pub(super) struct Declared {
    header: Map<String, Value>,
    pub(super) claims: Claims,
}

impl Declared {
    /// Header and claims of a compact token; both must be strict JSON.
    pub(super) fn of(token: &str) -> Result<Self, TokenError> {
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(TokenError::Malformed);
        };
        if signature.is_empty() {
            return Err(TokenError::Malformed);
        }
        let declared = Self {
            claims: strict_object(claims)?,
            header: strict_object(header)?,
        };
        // Even `"crit": null` is a claim to be understood.
        if declared.header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        Ok(declared)
    }

    pub(super) fn issuer(&self) -> Result<&str, TokenError> {
        text(&self.claims, "iss").ok_or(TokenError::Claim("issuer"))
    }

    pub(super) fn algorithm(&self) -> Result<&str, TokenError> {
        text(&self.header, "alg").ok_or(TokenError::Algorithm)
    }

    pub(super) fn kid(&self) -> Result<&str, TokenError> {
        text(&self.header, "kid").ok_or(TokenError::UnknownKey)
    }

    /// The header's `typ` without its prefix, empty where there is none.
    pub(super) fn media_type(&self) -> Option<&str> {
        match self.header.get("typ") {
            None => Some(""),
            Some(typ) => typ.as_str().map(without_prefix),
        }
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        text(&self.claims, name)
    }

    /// Whether it may be an access token of one of these types; `""` stands for a token without.
    pub(super) fn is_access_token(&self, types: &[String]) -> Result<(), TokenError> {
        let typ = self.media_type().ok_or(TokenError::NotAnAccessToken)?;
        let is_taken = types
            .iter()
            .any(|taken| typ.eq_ignore_ascii_case(without_prefix(taken)));
        // What only ID tokens have; their header is often the same as that of access tokens.
        let is_id_token = ["nonce", "at_hash", "c_hash"]
            .iter()
            .any(|name| self.claims.contains_key(*name));
        // Logout and security-event tokens; and Keycloak's own word for what a token is.
        let is_other = self.claims.contains_key("events")
            || self.claims.get("typ").is_some_and(|typ| {
                !typ.as_str()
                    .is_some_and(|typ| typ.eq_ignore_ascii_case("bearer"))
            });
        if !is_taken || is_id_token || is_other {
            return Err(TokenError::NotAnAccessToken);
        }
        // It would be worth as much to a thief as to its bearer (RFC 8705, RFC 9449).
        if self.claims.contains_key("cnf") {
            return Err(TokenError::Bound);
        }
        Ok(())
    }
}

/// When a verified token counts, seconds since the epoch; the leeway is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    from_s: i64,
    /// Exclusive.
    pub(super) until_s: i64,
}

impl Window {
    pub(super) fn of(claims: &Claims, leeway_s: i64) -> Result<Self, TokenError> {
        let until_s = time(claims, "exp")?.ok_or(TokenError::Claim("exp"))?;
        let issued_s = time(claims, "iat")?;
        if issued_s.is_some_and(|issued_s| until_s.saturating_sub(issued_s) > LIFETIME_MAX_S) {
            return Err(TokenError::Lifetime);
        }
        // Without `iat` it counts on its last day only. A token issued in the future is as early as one
        // whose `nbf` is.
        let from_s = issued_s.unwrap_or_else(|| until_s.saturating_sub(LIFETIME_MAX_S));
        let from_s = time(claims, "nbf")?.map_or(from_s, |not_before_s| not_before_s.max(from_s));
        Ok(Self {
            from_s: from_s.saturating_sub(leeway_s),
            until_s: until_s.saturating_add(leeway_s),
        })
    }

    pub(super) fn admits(self, now_s: i64) -> Result<(), TokenError> {
        if now_s >= self.until_s {
            return Err(TokenError::Expired);
        }
        if now_s < self.from_s {
            return Err(TokenError::NotYet);
        }
        Ok(())
    }
}

/// What a token proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) principal: Principal,
    pub(super) window: Window,
    /// Of the keys that it was proven by.
    pub(super) revision: u64,
}

/// Whole seconds since the epoch.
pub(super) fn time(claims: &Claims, name: &'static str) -> Result<Option<i64>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_i64().filter(|seconds| *seconds >= 0);
    seconds.map(Some).ok_or(TokenError::Claim(name))
}

fn strict_object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let text = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)?;
    json::check(&text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&text).map_err(|_| TokenError::Malformed)
}

fn text<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    map.get(name)?.as_str()
}

/// RFC 9068 §4: a media type, with or without its prefix; media types ignore case.
fn without_prefix(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
        _ => typ,
    }
}
