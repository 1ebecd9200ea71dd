//! An identity provider of one test, started by the project's own script.

use std::cell::RefCell;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use testkit::eventually;
use testkit::process::Process;

/// Longest time of a start; the first one installs.
const WAIT: Duration = Duration::from_secs(240);

pub(crate) struct Provider {
    pub(crate) issuer: String,
    process: Process,
    token_endpoint: String,
    _folder: TempDir,
}

impl Provider {
    /// `realm` is the path of the issuer on the provider.
    pub(crate) async fn start(name: &str, realm: &str) -> Self {
        let folder = TempDir::with_prefix("dealerboard-identity-").unwrap();
        let port = free_port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/identity/provider");
        let mut command = Command::new(script);
        command.args([name, &port.to_string()]);
        let process = RefCell::new(Process::start(&mut command, folder.path()));
        let issuer = format!("http://127.0.0.1:{port}{realm}");
        let described = eventually("the provider to answer", WAIT, async || {
            if let Some(status) = process.borrow_mut().ended() {
                panic!("{name} ended, {status}: {}", process.borrow().log());
            }
            describes(&issuer).await
        });
        let described = described.await;
        // The port could have become another server's meanwhile.
        assert_eq!(described["issuer"], *issuer);
        Self {
            token_endpoint: described["token_endpoint"].as_str().unwrap().to_owned(),
            issuer,
            process: process.into_inner(),
            _folder: folder,
        }
    }

    /// What the token endpoint answers to a form, from a client with the secret `secret`.
    pub(crate) async fn tokens(&self, client: &str, form: &[(&str, &str)]) -> Value {
        let request = self.ask(form).basic_auth(client, Some("secret"));
        let answer = request.send().await;
        answer.unwrap().json().await.unwrap()
    }

    /// The same from a client that has no secret.
    pub(crate) async fn tokens_of_public_client(&self, form: &[(&str, &str)]) -> Value {
        let answer = self.ask(form).send().await;
        answer.unwrap().json().await.unwrap()
    }

    /// A form whose values need no escape.
    fn ask(&self, form: &[(&str, &str)]) -> RequestBuilder {
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Client::new().post(&self.token_endpoint);
        let form_type = "application/x-www-form-urlencoded";
        request
            .header("content-type", form_type)
            .body(form.join("&"))
    }

    /// The access token of a client in its own name.
    pub(crate) async fn service_token(&self, client: &str, resource: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("resource", resource)];
        access_token(&self.tokens(client, &form).await)
    }

    /// Asks what only tests ask of a provider.
    pub(crate) async fn tell(&self, path: &str) -> Value {
        let answer = Client::new().get(format!("{}/-/{path}", self.issuer));
        let answer = answer.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }
}

pub(crate) fn access_token(tokens: &Value) -> String {
    let token = tokens["access_token"].as_str();
    token.unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// A port that was free just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn describes(issuer: &str) -> Option<Value> {
    let address = format!("{issuer}/.well-known/openid-configuration");
    let question = Client::new().get(address).timeout(Duration::from_secs(2));
    let answer = question.send().await.ok()?;
    answer.error_for_status().ok()?.json().await.ok()
}
