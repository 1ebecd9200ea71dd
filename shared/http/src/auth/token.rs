//! What an access token must be: RFC 9068, read as strictly as it can be.
//!
//! jsonwebtoken 11 checks the signature, the issuer and the audience. It is not left the rest: it
//! reads the system's clock, takes a float for a time and a list for an issuer, leaves `crit` and
//! `typ` unread, and lets a key that it does not know be given twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::access::{ROLES_MAX, Role};
use kernel::{Actor, Subject, Tenant, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::principal::Principal;
use crate::json;

/// Longest token, bytes: half of what all headers of a request may take.
pub const TOKEN_MAX: usize = 8 * 1024;

/// How far the issuer's clock may be off, seconds.
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
    #[error("token is not of type at+jwt")]
    NotAnAccessToken,
    #[error("token lists critical extensions, of which none is known here")]
    Critical,
    #[error("token names no key that is trusted here")]
    UnknownKey,
    #[error("token's algorithm is not the one of its key")]
    Algorithm,
    #[error("token's signature does not hold")]
    Signature,
    #[error("token is not for this issuer")]
    Issuer,
    #[error("token is not for this audience")]
    Audience,
    #[error("token lacks a claim, or has one of the wrong form")]
    Claims,
    #[error("token lives longer than a day")]
    Lifetime,
    #[error("token has expired")]
    Expired,
    #[error("token is not valid yet")]
    NotYet,
}

/// The claims of an access token; all must be there, others are ignored. `aud` is checked by the
/// library, where it may be one text or a list.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: Value,
    /// Whole seconds since the epoch, as are the next two.
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    pub tenant: String,
    pub roles: Vec<String>,
}

/// What a token's header declares about how to verify it. Where to fetch keys (`jku`, `x5u`, `jwk`) is not
/// read at all.
#[derive(Debug)]
pub(super) struct TokenHeader {
    pub alg: String,
    pub kid: String,
}

impl TokenHeader {
    /// Reads the header of a compact token and makes sure that its payload is strict JSON.
    pub(super) fn of(token: &str) -> Result<Self, TokenError> {
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(TokenError::Malformed);
        };
        if signature.is_empty() {
            return Err(TokenError::Malformed);
        }
        strict_json(payload)?;
        let header: Map<String, Value> =
            serde_json::from_slice(&strict_json(header)?).map_err(|_| TokenError::Malformed)?;
        // Even `"crit": null` is a claim to be understood.
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        if !text(&header, "typ").is_some_and(is_access_token) {
            return Err(TokenError::NotAnAccessToken);
        }
        Ok(Self {
            alg: text(&header, "alg").ok_or(TokenError::Algorithm)?.into(),
            kid: text(&header, "kid").ok_or(TokenError::UnknownKey)?.into(),
        })
    }
}

/// When a verified token counts, seconds since the epoch; the leeway is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    from_s: i64,
    /// Exclusive.
    until_s: i64,
}

impl Window {
    pub(super) fn of(claims: &Claims) -> Result<Self, TokenError> {
        if claims.exp.saturating_sub(claims.iat) > LIFETIME_MAX_S {
            return Err(TokenError::Lifetime);
        }
        Ok(Self {
            // A token issued in the future is as early as one whose `nbf` is.
            from_s: claims.nbf.max(claims.iat).saturating_sub(LEEWAY_S),
            until_s: claims.exp.saturating_add(LEEWAY_S),
        })
    }

    /// When it ends.
    pub(super) fn until(self) -> Timestamp {
        Timestamp::from_micros(self.until_s.saturating_mul(1_000_000))
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

impl Claims {
    pub(super) fn principal(&self) -> Result<Principal, TokenError> {
        if self.roles.len() > ROLES_MAX {
            return Err(TokenError::Claims);
        }
        let roles: Result<_, _> = self.roles.iter().map(|role| Role::new(role)).collect();
        let tenant = Tenant::new(&self.tenant).map_err(|_| TokenError::Claims)?;
        let actor = Actor::of_caller(&self.sub).map_err(|_| TokenError::Claims)?;
        let roles = roles.map_err(|_| TokenError::Claims)?;
        let mut subject = Subject::person(tenant, actor, roles);
        subject.issuer = self.iss.as_str().into();
        Ok(subject.into())
    }
}

fn strict_json(part: &str) -> Result<Vec<u8>, TokenError> {
    let text = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)?;
    json::check(&text).map_err(|_| TokenError::Malformed)?;
    Ok(text)
}

fn text<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    map.get(name)?.as_str()
}

fn is_access_token(typ: &str) -> bool {
    // RFC 9068 §4: the media type, with or without its prefix; media types ignore case.
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}
