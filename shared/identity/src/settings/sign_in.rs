//! What the configuration says of browsers that sign in at an issuer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{LIST_MAX, TEXT_MAX};

/// Longest name in a path, bytes.
const NAME_MAX: usize = 32;

/// Names that paths below `/signin` have already.
const TAKEN: [&str; 1] = ["local"];

/// Parameters of the flow itself: another value of one of them would undo what it protects.
const RESERVED: [&str; 11] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// How browsers sign in at an issuer: `auth.issuers[].sign_in`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// In paths: `/signin/<name>`.
    pub name: String,
    /// As people read it; the name if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// As whom the platform is known there.
    pub client_id: String,
    /// Of a client that has a secret; PKCE is used with and without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Sent along with each request to sign in, such as `audience` or `resource`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

fn usual_scopes() -> Vec<String> {
    vec!["openid".to_owned()]
}

impl SignInSettings {
    pub(crate) fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Everything that is wrong with it, at once.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (name, scopes) = (&self.name, &self.scopes);
        if !is_name(name) || TAKEN.contains(&name.as_str()) {
            faults.push(format!(
                "sign_in.name {name:?} is none for a path: 1 to {NAME_MAX} lower-case letters, digits and \
                 hyphens, and not {}",
                TAKEN.join(", ")
            ));
        }
        if !is_text(self.title()) {
            faults.push(format!(
                "sign_in.title has not 1 to {TEXT_MAX} bytes of plain text"
            ));
        }
        if !is_text(&self.client_id) {
            faults.push(format!(
                "sign_in.client_id has not 1 to {TEXT_MAX} bytes of plain text"
            ));
        }
        if scopes.len() > LIST_MAX || !scopes.iter().all(|scope| is_scope(scope)) {
            faults.push(format!("sign_in.scopes are not at most {LIST_MAX} scopes"));
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            let why = "without it there is no ID token";
            faults.push(format!("sign_in.scopes lack \"openid\": {why}"));
        }
        if self.parameters.len() > LIST_MAX {
            faults.push(format!(
                "sign_in.parameters has more than {LIST_MAX} entries"
            ));
        }
        for (name, value) in &self.parameters {
            if RESERVED.contains(&name.as_str()) || name == "scope" {
                faults.push(format!(
                    "sign_in.parameters: {name} is the platform's to say"
                ));
            }
            if name.is_empty() || value.len() > TEXT_MAX || name.len() > NAME_MAX {
                faults.push(format!("sign_in.parameters: {name:?} is too long or empty"));
            }
        }
        faults
    }
}

/// As a path has it, and a cookie.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain)
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A scope-token of RFC 6749 §3.3.
fn is_scope(scope: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    (1..=TEXT_MAX).contains(&scope.len()) && scope.bytes().all(plain)
}
