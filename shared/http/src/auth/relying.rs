//! The platform as a client of an issuer: what it is told of a sign-in, and of its end.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::port::Clock;
use serde_json::Value;

use super::issuer::Demands;
use super::keys::{KeySource, Signing};
use super::signatures::{KeyUnknown, Signatures};
use super::token::{Declared, TOKEN_MAX, TokenError, Window, time};

/// Bytes of the name of a person or a session; OpenID Connect lets names have 255.
const NAME_MAX: usize = 255;

/// What tells a logout token from all others (OpenID Connect Back-Channel Logout 1.0 §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A client of one issuer, as which the platform receives ID tokens and logout tokens. It takes no
/// access token, and nothing that it takes opens the API.
pub struct RelyingParty {
    client: String,
    leeway_s: i64,
    signatures: Signatures,
    clock: Arc<dyn Clock>,
}

/// What a verified ID token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    pub subject: String,
    /// The session at the provider (`sid`), where it has such.
    pub session: Option<String>,
    /// By the provider's clock, seconds since the epoch.
    pub issued_s: i64,
}

/// What a verified logout token says; it names a person, a session or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    pub id: String,
    pub subject: Option<String>,
    pub session: Option<String>,
    /// By the provider's clock, seconds since the epoch.
    pub issued_s: i64,
    /// When it counts no more, seconds since the epoch.
    pub until_s: i64,
}

impl RelyingParty {
    /// The client of that id, which is the audience of what `demands` asks; types are not looked at.
    #[must_use]
    pub fn new(demands: &Demands, keys: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        let (issuer, client) = (&demands.issuer, &demands.audience);
        Self {
            signatures: Signatures::new(issuer, client, &demands.algorithms, keys),
            client: client.clone(),
            leeway_s: demands.leeway_s,
            clock,
        }
    }

    /// An ID token that came with that access token in answer to that nonce (OpenID Connect Core
    /// §3.1.3.7).
    ///
    /// # Errors
    /// [`TokenError`]: it proves nothing, or another sign-in.
    pub async fn id_token(
        &self,
        token: &str,
        nonce: &str,
        access_token: &str,
    ) -> Result<IdToken, TokenError> {
        let declared = declared(token)?;
        is_id_token(&declared)?;
        let signing = self.signed(&declared, token).await?;
        self.is_for_this_client(&declared)?;
        if declared.text("nonce") != Some(nonce) {
            return Err(TokenError::Nonce);
        }
        let hash = declared.claims.get("at_hash");
        if hash.is_some_and(|hash| *hash != half_hash(signing, access_token)) {
            return Err(TokenError::OtherAccessToken);
        }
        self.window(&declared)?;
        Ok(IdToken {
            subject: name(&declared, "sub")?.ok_or(TokenError::Claim("subject"))?,
            session: name(&declared, "sid")?,
            issued_s: issued(&declared)?,
        })
    }

    /// A notice that somebody was signed out at the provider.
    ///
    /// # Errors
    /// [`TokenError`]: it is no such notice, or none for this client.
    pub async fn logout_token(&self, token: &str) -> Result<LogoutToken, TokenError> {
        let declared = declared(token)?;
        is_logout_token(&declared)?;
        self.signed(&declared, token).await?;
        let window = self.window(&declared)?;
        let (subject, session) = (name(&declared, "sub")?, name(&declared, "sid")?);
        if subject.is_none() && session.is_none() {
            return Err(TokenError::Claim("subject or session"));
        }
        Ok(LogoutToken {
            id: name(&declared, "jti")?.ok_or(TokenError::Claim("id"))?,
            subject,
            session,
            issued_s: issued(&declared)?,
            until_s: window.until_s,
        })
    }

    /// Waits for keys to be fetched if the token's is unknown and that was not done a moment ago.
    async fn signed(&self, declared: &Declared, token: &str) -> Result<Signing, TokenError> {
        if let Ok(held) = self.signatures.hold(declared, token) {
            return held;
        }
        let keys = self.signatures.keys();
        if let Some(renewal) = keys.renewal() {
            renewal.await;
        }
        match self.signatures.hold(declared, token) {
            Ok(held) => held,
            Err(KeyUnknown) if keys.is_away() => Err(TokenError::KeysAway),
            Err(KeyUnknown) => Err(TokenError::UnknownKey),
        }
    }

    /// One that names further audiences must say that this client asked for it.
    fn is_for_this_client(&self, declared: &Declared) -> Result<(), TokenError> {
        let audiences = declared.claims.get("aud").and_then(Value::as_array);
        let is_shared = audiences.is_some_and(|audiences| audiences.len() > 1);
        match declared.claims.get("azp") {
            Some(client) if *client == *self.client => Ok(()),
            None if !is_shared => Ok(()),
            _ => Err(TokenError::OtherClient),
        }
    }

    fn window(&self, declared: &Declared) -> Result<Window, TokenError> {
        let window = Window::of(&declared.claims, self.leeway_s)?;
        window.admits(self.clock.now().micros().div_euclid(1_000_000))?;
        Ok(window)
    }
}

fn declared(token: &str) -> Result<Declared, TokenError> {
    if token.len() > TOKEN_MAX {
        return Err(TokenError::TooLong);
    }
    Declared::of(token)
}

/// Keycloak names the kind in the body.
fn is_id_token(declared: &Declared) -> Result<(), TokenError> {
    let is_plain = is_of_type(declared, &["", "jwt"]);
    let kind = declared.claims.get("typ");
    let is_other = kind.is_some_and(|kind| *kind != "ID") || declared.claims.contains_key("events");
    if is_plain && !is_other {
        return Ok(());
    }
    Err(TokenError::NotAnIdToken)
}

fn is_logout_token(declared: &Declared) -> Result<(), TokenError> {
    let events = declared.claims.get("events");
    let event = events.and_then(|events| events.get(LOGOUT_EVENT));
    let kind = declared.claims.get("typ");
    let is_one = is_of_type(declared, &["logout+jwt", "jwt", ""])
        && event.is_some_and(Value::is_object)
        && kind.is_none_or(|kind| *kind == "Logout");
    // With a nonce it would pass for an ID token.
    if is_one && !declared.claims.contains_key("nonce") {
        return Ok(());
    }
    Err(TokenError::NotALogoutToken)
}

fn is_of_type(declared: &Declared, types: &[&str]) -> bool {
    let typ = declared.media_type();
    typ.is_some_and(|typ| types.iter().any(|taken| typ.eq_ignore_ascii_case(taken)))
}

fn name(declared: &Declared, claim: &'static str) -> Result<Option<String>, TokenError> {
    let Some(value) = declared.claims.get(claim) else {
        return Ok(None);
    };
    let name = value.as_str();
    let name = name.filter(|name| (1..=NAME_MAX).contains(&name.len()));
    let name = name.ok_or(TokenError::Claim(claim))?;
    Ok(Some(name.to_owned()))
}

fn issued(declared: &Declared) -> Result<i64, TokenError> {
    time(&declared.claims, "iat")?.ok_or(TokenError::Claim("iat"))
}

/// What `at_hash` says of an access token: the left half of its hash.
fn half_hash(signing: Signing, token: &str) -> String {
    let algorithm = match signing {
        Signing::RS256 | Signing::PS256 | Signing::ES256 => &SHA256,
        Signing::EdDSA => &SHA512,
    };
    let hash = digest(algorithm, token.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}
