//! A provider of identities, as the gateway sees it.

use std::error::Error as StdError;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use futures::future::BoxFuture;
use kernel::Subject;
use kernel::port::SessionKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::relying::LogoutToken;
use super::token::TokenError;

/// A provider that people sign in at, with a browser: OpenID Connect's authorisation code flow with
/// PKCE. Tokens do not leave it; what comes out is who somebody is.
pub trait IdentityProvider: Send + Sync + 'static {
    fn about(&self) -> &About;

    /// The address to send the browser to.
    ///
    /// # Errors
    /// [`SignInError::Away`]: the provider was not heard of yet.
    fn authorization(&self, proof: &Proof) -> Result<String, SignInError>;

    /// Who signed in, of the code that the browser brought back.
    ///
    /// # Errors
    /// [`SignInError`]: nobody did, or it cannot be known.
    fn redeem<'a>(
        &'a self,
        answered: Answered<'a>,
        proof: &'a Proof,
    ) -> BoxFuture<'a, Result<Identified, SignInError>>;

    /// The address at which a browser ends its session at the provider, which then sends it on to
    /// `back_to`; none where the provider has no such.
    fn farewell(&self, id_token: Option<&str>, back_to: &str) -> Option<String>;

    /// What a logout token says.
    ///
    /// # Errors
    /// [`TokenError`]: nothing.
    fn notice<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<LogoutToken, TokenError>>;
}

/// What is known of a provider before anybody asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// As paths name it.
    pub name: String,
    /// As people read it.
    pub title: String,
    pub issuer: String,
}

/// What ties one sign-in together: known to the browser that began it and to nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Where the provider sends the browser to.
    pub redirect_uri: String,
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Of PKCE.
    pub code_verifier: String,
}

impl Proof {
    /// Whether that is its state; how long that takes says nothing.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        verify_slices_are_equal(self.state.as_bytes(), state.as_bytes()).is_ok()
    }
}

/// What a browser brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    pub code: &'a str,
    /// Who says so (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// Somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// As the access token says, so that people are the same by whichever door they come in.
    pub subject: Subject,
    pub at_provider: ProviderSession,
}

/// The session at the provider behind one of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSession {
    /// As paths name it.
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    /// The provider's name for it (`sid`).
    pub session: Option<String>,
    /// When it was confirmed, by the provider's clock, seconds since the epoch.
    pub issued_s: i64,
    /// The ID token, where it is short enough to be kept: a hint for a sign-out, and worth nothing else.
    pub id_token: Option<String>,
}

impl ProviderSession {
    /// Under which a notice may be kept that ends it.
    #[must_use]
    pub fn notices(&self) -> Vec<SessionKey> {
        let session = self.session.as_deref();
        notices(&self.issuer, Some(&self.subject), session)
    }
}

impl LogoutToken {
    /// Under which it is kept.
    #[must_use]
    pub fn notices(&self, issuer: &str) -> Vec<SessionKey> {
        // With a session's name it is about that one, whoever's it is.
        let subject = self.subject.as_deref().filter(|_| self.session.is_none());
        notices(issuer, subject, self.session.as_deref())
    }

    /// Its own name among those of all issuers.
    #[must_use]
    pub fn key(&self, issuer: &str) -> SessionKey {
        key("logout", issuer, &self.id)
    }
}

fn notices(issuer: &str, subject: Option<&str>, session: Option<&str>) -> Vec<SessionKey> {
    let subject = subject.map(|subject| key("sub", issuer, subject));
    let session = session.map(|session| key("sid", issuer, session));
    subject.into_iter().chain(session).collect()
}

fn key(kind: &str, issuer: &str, name: &str) -> SessionKey {
    let mut hash = Sha256::new();
    for part in [kind, issuer, name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    SessionKey(hash.finalize().into())
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the provider cannot be reached")]
    Away(#[source] Box<dyn StdError + Send + Sync>),
    #[error("the provider does not take the code: {0}")]
    Code(String),
    #[error("the provider does not take the platform as its client: {0}")]
    Client(String),
    #[error("the provider's answer cannot be used: {0}")]
    Answer(String),
    #[error("the code is another issuer's")]
    OtherIssuer,
    #[error("the provider's token does not hold")]
    Token(#[from] TokenError),
    #[error("the access token is a program's")]
    NoPerson,
}

#[cfg(test)]
mod tests {
    use super::{LogoutToken, ProviderSession};

    fn session(subject: &str, session: Option<&str>) -> ProviderSession {
        ProviderSession {
            provider: "desk".to_owned(),
            issuer: "https://id.example".to_owned(),
            subject: subject.to_owned(),
            session: session.map(str::to_owned),
            issued_s: 17,
            id_token: None,
        }
    }

    fn ends(token: (Option<&str>, Option<&str>), issuer: &str, of: &ProviderSession) -> bool {
        let token = LogoutToken {
            id: "1".to_owned(),
            subject: token.0.map(str::to_owned),
            session: token.1.map(str::to_owned),
            issued_s: 18,
            until_s: 100,
        };
        let notices = of.notices();
        token
            .notices(issuer)
            .iter()
            .any(|key| notices.contains(key))
    }

    #[test]
    fn notice_is_about_a_session_or_all_of_a_person() {
        let (ann, issuer) = (session("ann", Some("s1")), "https://id.example");
        assert!(ends((None, Some("s1")), issuer, &ann));
        assert!(ends((Some("ann"), Some("s1")), issuer, &ann));
        assert!(ends((Some("ann"), None), issuer, &ann));
        assert!(ends((Some("ann"), None), issuer, &session("ann", None)));
        // One of her sessions is over, not all.
        assert!(!ends((Some("ann"), Some("s2")), issuer, &ann));
        assert!(!ends((Some("ben"), None), issuer, &ann));
        assert!(!ends((Some("s1"), None), issuer, &ann));
        assert!(!ends((Some("ann"), None), "https://other.example", &ann));
    }
}
