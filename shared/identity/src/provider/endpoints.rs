//! Where a provider does what beside publishing its keys, as it says itself.

use serde::Deserialize;
use url::Url;

use crate::settings::unsafe_address;

/// Of a provider's description (OpenID Connect Discovery 1.0 §3, RFC 8628 §4, RFC 9207 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Option<Url>,
    pub(crate) end_session: Option<Url>,
    pub(crate) device_authorization: Option<Url>,
    /// Whether browsers bring back who sent them.
    pub(crate) names_issuer: bool,
    /// How clients with a secret prove it.
    pub(crate) proof: ClientProof,
}

/// Where a client's secret stands (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientProof {
    Header,
    Form,
}

#[derive(Deserialize)]
struct Described {
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Why a provider's description tells no endpoints.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoEndpoints {
    #[error("the description of the provider cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("{endpoint} is {address:?}, which {why}")]
    Unsafe {
        endpoint: &'static str,
        address: String,
        why: &'static str,
    },
}

impl Endpoints {
    /// Of a description whose issuer was looked at.
    pub(crate) fn of(description: &[u8]) -> Result<Self, NoEndpoints> {
        let described = serde_json::from_slice(description);
        let described: Described = described.map_err(NoEndpoints::Unreadable)?;
        let methods = described.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().flatten().any(|taken| taken == method);
        let only_form = takes("client_secret_post") && !takes("client_secret_basic");
        Ok(Self {
            authorization: safe("authorization_endpoint", described.authorization_endpoint)?,
            token: safe("token_endpoint", described.token_endpoint)?,
            end_session: safe("end_session_endpoint", described.end_session_endpoint)?,
            device_authorization: safe(
                "device_authorization_endpoint",
                described.device_authorization_endpoint,
            )?,
            names_issuer: described.authorization_response_iss_parameter_supported == Some(true),
            proof: if only_form {
                ClientProof::Form
            } else {
                ClientProof::Header
            },
        })
    }
}

/// Codes and secrets are sent there, and browsers.
fn safe(endpoint: &'static str, address: Option<String>) -> Result<Option<Url>, NoEndpoints> {
    let Some(address) = address else {
        return Ok(None);
    };
    match (Url::parse(&address), unsafe_address(&address)) {
        (Ok(url), None) => Ok(Some(url)),
        (_, why) => Err(NoEndpoints::Unsafe {
            endpoint,
            address,
            why: why.unwrap_or("is no address"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ClientProof, Endpoints};

    fn of(description: &Value) -> Result<Endpoints, String> {
        let description = serde_json::to_vec(description).unwrap();
        Endpoints::of(&description).map_err(|error| error.to_string())
    }

    #[test]
    fn description_says_where_things_are() {
        let described = of(&json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/auth?realm=desk",
            "token_endpoint": "https://id.example/token",
            "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        }));
        let described = described.unwrap();
        let authorization = described.authorization.unwrap();
        assert_eq!(authorization.as_str(), "https://id.example/auth?realm=desk");
        assert_eq!(described.end_session, None);
        assert!(described.names_issuer);
        assert_eq!(described.proof, ClientProof::Form);
        let bare = of(&json!({ "issuer": "https://id.example" })).unwrap();
        assert_eq!((bare.token, bare.proof), (None, ClientProof::Header));
    }

    #[test]
    fn nobody_is_sent_over_an_open_way() {
        for (endpoint, address) in [
            ("authorization_endpoint", "http://id.example/auth"),
            ("token_endpoint", "ftp://id.example/token"),
            ("end_session_endpoint", "javascript:alert(1)"),
            ("device_authorization_endpoint", "https://u:p@id.example/"),
        ] {
            let error = of(&json!({ endpoint: address })).unwrap_err();
            assert!(error.starts_with(endpoint), "{error}");
        }
    }
}
