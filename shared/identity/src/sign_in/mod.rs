//! Sign-in of browsers at an issuer: authorisation code with PKCE (OpenID Connect Core §3.1).
//!
//! The ID token proves that somebody signed in here and now; who they are on the desk says the access
//! token, as it would of a program that sends it.

mod token;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::auth::{
    About, Answered, Identified, IdentityProvider, LogoutToken, Proof, ProviderSession,
    RelyingParty, SignInError, TokenError, Verifier,
};
use kernel::access::SubjectKind;
use tokio::sync::watch;
use url::Url;
use zeroize::Zeroizing;

use crate::answers::Answers;
use crate::issuers::Parts;
use crate::provider::Endpoints;
use crate::settings::{IssuerSettings, SignInSettings};

use token::{Client, TokenEndpoint};
pub(crate) use token::{Refusal, Tokens};

/// Longest secret of a client, bytes.
const SECRET_MAX: usize = 1_024;

/// Longest ID token that is kept for a sign-out, bytes: it goes into the address of a page.
const HINT_MAX: usize = 3_072;

/// An issuer that browsers sign in at.
struct OidcProvider {
    about: About,
    settings: SignInSettings,
    relying: RelyingParty,
    /// Of access tokens, the same as for the API.
    verifier: Verifier,
    endpoints: watch::Receiver<Option<Arc<Endpoints>>>,
    tokens: TokenEndpoint,
}

/// The provider has not described itself since the start.
#[derive(Debug, thiserror::Error)]
#[error("the provider was not reached yet")]
struct NotHeardOf;

/// # Errors
/// The client's secret cannot be read.
pub(crate) fn provider(
    issuer: &IssuerSettings,
    settings: &SignInSettings,
    parts: Parts,
) -> anyhow::Result<Arc<dyn IdentityProvider>> {
    let provider = OidcProvider::new(issuer, settings, parts);
    let provider = provider.with_context(|| format!("auth.issuers: {}", issuer.issuer))?;
    Ok(Arc::new(provider))
}

impl OidcProvider {
    fn new(
        issuer: &IssuerSettings,
        settings: &SignInSettings,
        parts: Parts,
    ) -> anyhow::Result<Self> {
        let secret = settings.client_secret_file.as_deref().map(secret);
        let client = Client {
            id: settings.client_id.clone(),
            secret: secret.transpose()?,
        };
        let demands = issuer.demands_as(&settings.client_id);
        let is_near = issuer.issuer.starts_with("http://");
        Ok(Self {
            about: About {
                name: settings.name.clone(),
                title: settings.title().to_owned(),
                issuer: issuer.issuer.clone(),
            },
            settings: settings.clone(),
            relying: RelyingParty::new(&demands, parts.keys, parts.clock),
            verifier: parts.verifier,
            endpoints: parts.endpoints,
            tokens: TokenEndpoint {
                answers: Answers::new(is_near)?,
                client,
                guard: parts.guard,
            },
        })
    }

    fn endpoints(&self) -> Result<Arc<Endpoints>, SignInError> {
        let endpoints = self.endpoints.borrow().clone();
        endpoints.ok_or_else(|| SignInError::Away(Box::new(NotHeardOf)))
    }

    async fn identified(
        &self,
        answered: Answered<'_>,
        proof: &Proof,
    ) -> Result<Identified, SignInError> {
        let endpoints = self.endpoints()?;
        self.is_from_here(answered.issuer, &endpoints)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", answered.code),
            ("redirect_uri", &proof.redirect_uri),
            ("code_verifier", &proof.code_verifier),
        ];
        let tokens = self.tokens.redeem(&endpoints, &form).await?;
        self.person(&tokens, proof).await
    }

    /// A code that another issuer gave must not be sent to this one, which may be hostile (RFC 9207).
    fn is_from_here(&self, named: Option<&str>, endpoints: &Endpoints) -> Result<(), SignInError> {
        match named {
            Some(named) if named == self.about.issuer => Ok(()),
            None if !endpoints.names_issuer => Ok(()),
            _ => Err(SignInError::OtherIssuer),
        }
    }

    async fn person(&self, tokens: &Tokens, proof: &Proof) -> Result<Identified, SignInError> {
        let id_token = tokens.id_token.as_deref();
        let id_token =
            id_token.ok_or_else(|| SignInError::Answer("there is no ID token".to_owned()))?;
        let access_token = &tokens.access_token;
        let identity = self
            .relying
            .id_token(id_token, &proof.nonce, access_token)
            .await?;
        let bearer = self.verifier.authenticate(access_token).await?;
        // Without `at_hash` nothing else ties the two together.
        if *bearer.issuer != *self.about.issuer || *bearer.name != *identity.subject {
            return Err(TokenError::OtherAccessToken.into());
        }
        if bearer.kind != SubjectKind::Person {
            return Err(SignInError::NoPerson);
        }
        Ok(Identified {
            subject: (*bearer).clone(),
            at_provider: ProviderSession {
                provider: self.about.name.clone(),
                issuer: self.about.issuer.clone(),
                subject: identity.subject,
                session: identity.session,
                issued_s: identity.issued_s,
                id_token: (id_token.len() <= HINT_MAX).then(|| id_token.to_owned()),
            },
        })
    }
}

impl IdentityProvider for OidcProvider {
    fn about(&self) -> &About {
        &self.about
    }

    fn authorization(&self, proof: &Proof) -> Result<String, SignInError> {
        let endpoints = self.endpoints()?;
        let mut address = endpoint(endpoints.authorization.as_ref(), "authorization_endpoint")?;
        let challenge = digest(&SHA256, proof.code_verifier.as_bytes());
        let mut query = address.query_pairs_mut();
        query.extend_pairs(&self.settings.parameters);
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &proof.redirect_uri),
            ("scope", &self.settings.scopes.join(" ")),
            ("state", &proof.state),
            ("nonce", &proof.nonce),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(challenge)),
            ("code_challenge_method", "S256"),
        ]);
        drop(query);
        Ok(address.into())
    }

    fn redeem<'a>(
        &'a self,
        answered: Answered<'a>,
        proof: &'a Proof,
    ) -> BoxFuture<'a, Result<Identified, SignInError>> {
        self.identified(answered, proof).boxed()
    }

    fn farewell(&self, id_token: Option<&str>, back_to: &str) -> Option<String> {
        let mut address = self.endpoints().ok()?.end_session.clone()?;
        let mut query = address.query_pairs_mut();
        query.append_pair("client_id", &self.settings.client_id);
        query.append_pair("post_logout_redirect_uri", back_to);
        if let Some(id_token) = id_token {
            query.append_pair("id_token_hint", id_token);
        }
        drop(query);
        Some(address.into())
    }

    fn notice<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<LogoutToken, TokenError>> {
        self.relying.logout_token(token).boxed()
    }
}

/// One that the provider should have.
fn endpoint(address: Option<&Url>, name: &str) -> Result<Url, SignInError> {
    let missing = || SignInError::Answer(format!("its description has no {name}"));
    address.cloned().ok_or_else(missing)
}

fn secret(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let read = || -> anyhow::Result<_> {
        let text = Zeroizing::new(fs::read_to_string(file)?);
        let secret = Zeroizing::new(text.trim().to_owned());
        let fits = (1..=SECRET_MAX).contains(&secret.len());
        anyhow::ensure!(fits, "it has not 1 to {SECRET_MAX} bytes");
        Ok(secret)
    };
    read().with_context(|| format!("sign_in.client_secret_file: read {}", file.display()))
}
