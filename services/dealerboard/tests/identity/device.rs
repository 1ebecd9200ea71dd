//! `dealerboard login`: a person lets a program of theirs in, with a browser.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testkit::eventually;
use testkit::platform::unconfigured;
use testkit::process::Process;

use crate::chromium::Chromium;
use crate::provider::Provider;
use crate::story::{gateway, is_taken};

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
const WAIT: Duration = Duration::from_secs(60);

fn login(folder: &TempDir, issuer: &str) -> Command {
    let mut command = unconfigured(BINARY, folder.path());
    command.env("XDG_CONFIG_HOME", folder.path().join("config"));
    command.args(["login", "--issuer", issuer, "--client-id", "terminal"]);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn program_is_let_in_by_a_browser_and_keeps_its_token() {
    let provider = Provider::start("oidc-provider", "").await;
    let platform = gateway(&provider).await;
    let folder = TempDir::with_prefix("dealerboard-login-").unwrap();
    let program = Process::start(&mut login(&folder, &provider.issuer), folder.path());
    let program = RefCell::new(program);
    let address = eventually("the address to open", WAIT, async || {
        let log = program.borrow().log();
        let mut lines = log.lines();
        let line = lines.find_map(|line| line.strip_prefix("open "));
        line.filter(|_| log.contains("the code")).map(str::to_owned)
    });
    let address = address.await;
    let mut browser = Chromium::start();
    browser.visits(&address).await;
    browser.does("submit", json!({})).await;
    browser
        .sends(json!({ "login": "ann", "password": "any" }))
        .await;
    let done = browser.does("submit", json!({})).await;
    assert!(done["text"].as_str().unwrap().contains("Success"), "{done}");

    let file = folder.path().join("config/dealerboard/token");
    let token = eventually("the token", WAIT, async || fs::read_to_string(&file).ok());
    let token = token.await;
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let ended = eventually("the end of the program", WAIT, async || {
        program.borrow_mut().ended()
    });
    assert!(ended.await.success(), "{}", program.borrow().log());
    assert!(
        !program.borrow().log().contains(token.trim()),
        "the token was printed"
    );
    is_taken(&platform, token.trim()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_without_device_sign_in_is_said_to_be_one() {
    let provider = Provider::start("mock", "/desk").await;
    let folder = TempDir::with_prefix("dealerboard-login-").unwrap();
    let refused = login(&folder, &provider.issuer).output().unwrap();
    assert!(!refused.status.success());
    let said = said(&refused);
    assert!(said.contains("has no device sign-in"), "{said}");
    assert!(!folder.path().join("config").exists());
}
