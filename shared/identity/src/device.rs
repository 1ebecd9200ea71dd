//! Sign-in of a program of a person, who does it in a browser of theirs, on whatever device (RFC 8628).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::answers::{Answers, NoAnswer};
use crate::provider::{DISCOVERY, Endpoints};
use crate::settings::unsafe_address;
use crate::sign_in::{Refusal, Tokens};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Time between two questions unless the provider says another; and what it may say, seconds.
const INTERVAL_S: u64 = 5;
const INTERVAL_MAX_S: u64 = 60;

/// By how much `slow_down` makes it longer, seconds (RFC 8628 §3.5).
const SLOWER_S: u64 = 5;

/// Longest wait for a person, seconds, whatever the provider says.
const WAIT_MAX_S: u64 = 1_800;

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub struct DeviceClient {
    pub issuer: String,
    /// Of a client without a secret: a program that is handed out cannot keep one.
    pub client_id: String,
    pub scopes: Vec<String>,
    /// Sent along, such as `audience` or `resource`.
    pub parameters: BTreeMap<String, String>,
}

/// A provider that signs programs in by another device.
pub struct DeviceSignIn {
    client: DeviceClient,
    answers: Answers,
    device_authorization: Url,
    token: Url,
}

/// What the person has to do, and what is waited with.
#[derive(Clone, Deserialize)]
pub struct DeviceCode {
    device_code: String,
    /// What they type there.
    pub user_code: String,
    /// Where they go.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct Named {
    issuer: String,
}

impl DeviceSignIn {
    /// # Errors
    /// The provider cannot be reached, is another, or does not sign programs in so.
    pub async fn at(client: DeviceClient) -> anyhow::Result<Self> {
        let issuer = &client.issuer;
        if let Some(why) = unsafe_address(issuer) {
            bail!("issuer {issuer} {why}");
        }
        let answers = Answers::new(issuer.starts_with("http://"))?;
        let address = Url::parse(&format!("{}{DISCOVERY}", issuer.trim_end_matches('/')))?;
        let description = answers.get(&address).await;
        let description =
            description.with_context(|| format!("ask {issuer} to describe itself"))?;
        let named: Named = serde_json::from_slice(&description)
            .with_context(|| format!("{address} is no description of a provider"))?;
        let name = &named.issuer;
        anyhow::ensure!(name == issuer, "{issuer} calls itself {name}");
        let endpoints = Endpoints::of(&description)?;
        let device_authorization = endpoints.device_authorization.with_context(|| {
            format!(
                "{issuer} has no device sign-in (device_authorization_endpoint): sign in with a browser at \
                 the gateway's /signin, or get a token from the provider by other means"
            )
        })?;
        let token = endpoints
            .token
            .context("the provider has no token_endpoint")?;
        Ok(Self {
            client,
            answers,
            device_authorization,
            token,
        })
    }

    /// Has the provider begin.
    ///
    /// # Errors
    /// It does not.
    pub async fn begin(&self) -> anyhow::Result<DeviceCode> {
        let scope = self.client.scopes.join(" ");
        let mut form = Serializer::new(String::new());
        form.extend_pairs(&self.client.parameters);
        form.extend_pairs([("client_id", &*self.client.client_id), ("scope", &*scope)]);
        let address = &self.device_authorization;
        let (status, body) = self.answers.post(address, form.finish(), None).await?;
        if status != StatusCode::OK {
            bail!(
                "the provider does not begin a sign-in: {}",
                words(status, &body)
            );
        }
        let code: DeviceCode =
            serde_json::from_slice(&body).with_context(|| format!("{address} gave no code"))?;
        if let Some(why) = unsafe_address(&code.verification_uri) {
            bail!("the provider sends people to an address which {why}");
        }
        Ok(code)
    }

    /// The access token, once the person has done it.
    ///
    /// # Errors
    /// They did not, or not in time.
    pub async fn granted(&self, code: &DeviceCode) -> anyhow::Result<String> {
        let until = Instant::now() + Duration::from_secs(code.expires_in.min(WAIT_MAX_S));
        let mut interval_s = code.interval.unwrap_or(INTERVAL_S).clamp(1, INTERVAL_MAX_S);
        let form = self.form(code);
        loop {
            sleep(Duration::from_secs(interval_s)).await;
            if Instant::now() >= until {
                bail!("nobody signed in with the code in time: run this again for another one");
            }
            match self.answers.post(&self.token, form.clone(), None).await {
                Ok((StatusCode::OK, body)) => return access_token(&body),
                Ok((status, body)) => {
                    interval_s = next_interval(interval_s, status, &body)?;
                }
                // As RFC 8628 §3.5 asks, from one that does not answer always longer away.
                Err(error) if error.is_failure() => {
                    interval_s = interval_s.saturating_mul(2).min(INTERVAL_MAX_S);
                }
                Err(error) => return Err(given_up(error)),
            }
        }
    }

    fn form(&self, code: &DeviceCode) -> String {
        let mut form = Serializer::new(String::new());
        form.extend_pairs([
            ("grant_type", GRANT),
            ("device_code", &code.device_code),
            ("client_id", &self.client.client_id),
        ]);
        form.finish()
    }
}

fn given_up(error: NoAnswer) -> anyhow::Error {
    anyhow::Error::new(error).context("ask whether somebody signed in")
}

/// When to ask again, if it is worth asking.
fn next_interval(interval_s: u64, status: StatusCode, body: &[u8]) -> anyhow::Result<u64> {
    let error = serde_json::from_slice::<Refusal>(body);
    match error.as_ref().map(|refusal| refusal.error.as_str()) {
        Ok("authorization_pending") => Ok(interval_s),
        Ok("slow_down") => Ok(interval_s.saturating_add(SLOWER_S)),
        Ok("access_denied") => bail!("the sign-in was refused"),
        Ok("expired_token") => bail!("the code is over: run this again for another one"),
        _ => bail!("the provider gives no token: {}", words(status, body)),
    }
}

fn access_token(body: &[u8]) -> anyhow::Result<String> {
    let tokens: Tokens = serde_json::from_slice(body).context("the provider's token is none")?;
    let is_bearer = tokens.token_type.eq_ignore_ascii_case("bearer");
    anyhow::ensure!(
        is_bearer,
        "the provider's token is bound to a key, which nobody has here"
    );
    Ok(tokens.access_token)
}

/// A refusal for people.
fn words(status: StatusCode, body: &[u8]) -> String {
    let refusal = serde_json::from_slice::<Refusal>(body);
    refusal.map_or_else(
        |_| format!("it answered {status}"),
        |refusal| refusal.words(),
    )
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::{access_token, next_interval};

    #[test]
    fn provider_says_whether_and_when_to_ask_again() {
        let next = |error: &str| {
            let body = format!("{{\"error\":\"{error}\"}}");
            next_interval(5, StatusCode::BAD_REQUEST, body.as_bytes())
        };
        assert_eq!(next("authorization_pending").unwrap(), 5);
        assert_eq!(next("slow_down").unwrap(), 10);
        for (error, words) in [
            ("access_denied", "was refused"),
            ("expired_token", "is over"),
            ("invalid_client", "invalid_client"),
        ] {
            let said = next(error).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
        let odd = next_interval(5, StatusCode::BAD_GATEWAY, b"<html>").unwrap_err();
        assert!(odd.to_string().contains("502"), "{odd}");
    }

    #[test]
    fn token_that_is_bound_to_a_key_is_none() {
        let token = |kind: &str| {
            let body = format!("{{\"access_token\":\"x\",\"token_type\":\"{kind}\"}}");
            access_token(body.as_bytes())
        };
        assert_eq!(token("Bearer").unwrap(), "x");
        assert!(token("DPoP").is_err());
    }
}
