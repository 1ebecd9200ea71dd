//! A real browser, driven by the project's own script.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Longest time of one act; the first one installs.
const WAIT: Duration = Duration::from_secs(240);

/// It ends with the value.
pub(crate) struct Chromium {
    told: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/browser/browser");
        let mut process = Command::new(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self {
            told: process.stdin.take().unwrap(),
            answers: answers.lines(),
            _process: process,
        }
    }

    /// What comes of an act.
    pub(crate) async fn does(&mut self, act: &str, mut how: Value) -> Value {
        how["act"] = act.into();
        self.told
            .write_all(format!("{how}\n").as_bytes())
            .await
            .unwrap();
        let line = timeout(WAIT, self.answers.next_line()).await;
        let line = line.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the browser ended at {how}"));
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer.get("failed"), None, "{how}: {answer}");
        answer
    }

    pub(crate) async fn visits(&mut self, address: &str) -> Value {
        self.does("visit", json!({ "address": address })).await
    }

    pub(crate) async fn clicks(&mut self, name: &str) -> Value {
        self.does("click", json!({ "name": name })).await
    }

    /// The form of the page, with these fields.
    pub(crate) async fn sends(&mut self, fields: Value) -> Value {
        self.does("fill", json!({ "fields": fields })).await;
        self.does("submit", json!({})).await
    }

    /// A request of the shown page: status and body.
    pub(crate) async fn fetches(&mut self, mut request: Value, path: &str) -> (u64, Value) {
        request["path"] = path.into();
        let mut answer = self.does("fetch", request).await;
        (answer["status"].as_u64().unwrap(), answer["body"].take())
    }

    pub(crate) async fn reads(&mut self, path: &str) -> (u64, Value) {
        self.fetches(json!({}), path).await
    }

    /// The same as a change, with the session's proof that it is a page of the platform.
    pub(crate) async fn posts(&mut self, path: &str, body: &Value) -> (u64, Value) {
        let (_, session) = self.reads("/v1/session").await;
        let headers = json!({
            "content-type": "application/json", "prefer": "wait=10",
            "x-csrf-token": session["csrf_token"],
        });
        let body = body.to_string();
        let request = json!({ "method": "POST", "headers": headers, "body": body });
        self.fetches(request, path).await
    }
}
