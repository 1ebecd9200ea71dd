//! A provider's token endpoint.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::auth::SignInError;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use resilience::{CallError, Classified, Deadline, Dependency, Verdict};
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use crate::answers::{Answers, NoAnswer};
use crate::provider::{ClientProof, Endpoints};

/// Bytes of a provider's own words that are kept.
const WORDS_MAX: usize = 200;

/// As whom the platform asks.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<Zeroizing<String>>,
}

/// What exchanges a code for tokens. A code is good for one try.
pub(crate) struct TokenEndpoint {
    pub(crate) answers: Answers,
    pub(crate) client: Client,
    pub(crate) guard: Arc<Dependency>,
}

/// What the provider gives for a code.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) id_token: Option<String>,
}

/// Why it gives none (RFC 6749 §5.2).
#[derive(Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) error_description: String,
}

impl Classified for NoAnswer {
    fn verdict(&self) -> Verdict {
        if self.is_failure() {
            Verdict::Failure
        } else {
            Verdict::Success
        }
    }
}

impl TokenEndpoint {
    /// # Errors
    /// [`SignInError`].
    pub(crate) async fn redeem(
        &self,
        endpoints: &Endpoints,
        form: &[(&str, &str)],
    ) -> Result<Tokens, SignInError> {
        let address = super::endpoint(endpoints.token.as_ref(), "token_endpoint")?;
        let (form, authorization) = self.client.proven(form, endpoints.proof)?;
        let post = || self.answers.post(&address, form, authorization);
        let answer = self.guard.call_once(Deadline::NONE, post).await;
        let (status, body) = answer.map_err(unanswered)?;
        tokens(status, &body)
    }
}

fn unanswered(error: CallError<NoAnswer>) -> SignInError {
    match error {
        CallError::Failed { source, .. } if !source.is_failure() => {
            SignInError::Answer(source.to_string())
        }
        error => SignInError::Away(Box::new(error)),
    }
}

fn tokens(status: StatusCode, body: &[u8]) -> Result<Tokens, SignInError> {
    if status != StatusCode::OK {
        return Err(refused(status, body));
    }
    let tokens = serde_json::from_slice(body);
    let tokens: Tokens = tokens.map_err(|error| SignInError::Answer(error.to_string()))?;
    // One that is bound to a key is worth nothing without it.
    if !tokens.token_type.eq_ignore_ascii_case("bearer") {
        let what = format!("its token is of type {:?}", short(&tokens.token_type));
        return Err(SignInError::Answer(what));
    }
    Ok(tokens)
}

fn refused(status: StatusCode, body: &[u8]) -> SignInError {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return SignInError::Answer(format!("it answered {status}"));
    };
    let words = refusal.words();
    match refusal.error.as_str() {
        "invalid_grant" => SignInError::Code(words),
        _ => SignInError::Client(words),
    }
}

impl Refusal {
    /// For a log: providers repeat what they were sent.
    pub(crate) fn words(&self) -> String {
        let (error, description) = (short(&self.error), short(&self.error_description));
        if description.is_empty() {
            return error;
        }
        format!("{error}: {description}")
    }
}

fn short(text: &str) -> String {
    let plain = text.chars().filter(|character| !character.is_control());
    plain.take(WORDS_MAX).collect()
}

impl Client {
    /// The form as this client sends it.
    pub(crate) fn proven(
        &self,
        form: &[(&str, &str)],
        proof: ClientProof,
    ) -> Result<(String, Option<HeaderValue>), SignInError> {
        let mut encoded = Serializer::new(String::new());
        encoded.extend_pairs(form);
        let authorization = match (&self.secret, proof) {
            (Some(secret), ClientProof::Header) => Some(self.basic(secret)?),
            (Some(secret), ClientProof::Form) => {
                encoded.append_pair("client_id", &self.id);
                encoded.append_pair("client_secret", secret);
                None
            }
            (None, _) => {
                encoded.append_pair("client_id", &self.id);
                None
            }
        };
        Ok((encoded.finish(), authorization))
    }

    /// Name and secret are encoded as in a form before they are joined.
    fn basic(&self, secret: &str) -> Result<HeaderValue, SignInError> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", encoded(&self.id), encoded(secret)));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let value = HeaderValue::from_str(&value);
        let mut value = value.map_err(|error| SignInError::Client(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use http::auth::SignInError;
    use reqwest::StatusCode;
    use zeroize::Zeroizing;

    use super::{Client, tokens};
    use crate::provider::ClientProof;

    fn client(secret: Option<&str>) -> Client {
        Client {
            id: "desk one".to_owned(),
            secret: secret.map(|secret| Zeroizing::new(secret.to_owned())),
        }
    }

    #[test]
    fn client_proves_itself_as_the_provider_wants_it() {
        let form = [("code", "a b")];
        let (sent, header) = client(None).proven(&form, ClientProof::Header).unwrap();
        assert_eq!(
            (sent.as_str(), header),
            ("code=a+b&client_id=desk+one", None)
        );
        let with = client(Some("s:1"));
        let (sent, header) = with.proven(&form, ClientProof::Form).unwrap();
        let expected = "code=a+b&client_id=desk+one&client_secret=s%3A1";
        assert_eq!((sent.as_str(), header), (expected, None));
        let (sent, header) = with.proven(&form, ClientProof::Header).unwrap();
        assert_eq!(sent, "code=a+b");
        // desk+one:s%3A1
        let header = header.unwrap();
        assert_eq!(header, "Basic ZGVzaytvbmU6cyUzQTE=");
        assert!(header.is_sensitive());
    }

    #[test]
    fn refusals_tell_a_bad_code_from_a_bad_client() {
        let answer = |status, body: &str| tokens(status, body.as_bytes()).map(|_| ()).unwrap_err();
        let bad = StatusCode::BAD_REQUEST;
        let code = answer(
            bad,
            r#"{"error":"invalid_grant","error_description":"used"}"#,
        );
        assert!(matches!(code, SignInError::Code(words) if words == "invalid_grant: used"));
        let client = answer(StatusCode::UNAUTHORIZED, r#"{"error":"invalid_client"}"#);
        assert!(matches!(client, SignInError::Client(_)));
        assert!(matches!(answer(bad, "<html>"), SignInError::Answer(_)));
        let ok = StatusCode::OK;
        assert!(matches!(answer(ok, "{}"), SignInError::Answer(_)));
        let bound = r#"{"access_token":"x","token_type":"DPoP"}"#;
        assert!(matches!(answer(ok, bound), SignInError::Answer(_)));
        assert!(tokens(ok, br#"{"access_token":"x","token_type":"bearer"}"#).is_ok());
    }
}
