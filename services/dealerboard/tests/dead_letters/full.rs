//! A full disk: writes are refused, reads continue, and so do writes once there is room.

use std::process::Command;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::address;
use testkit::process::Process;

use crate::desk::Desk;

const WITHIN: Duration = Duration::from_secs(60);
/// Bytes that a file of the process may have: the schema, and some hundred commands.
const ROOM: u64 = 2_000_000;
/// Commands that take more than that.
const COMMANDS: usize = 5_000;

/// The platform, in a place that has so much room for each file.
fn start(desk: &Desk, folder: &std::path::Path) -> Process {
    let serve = desk.command(&["serve"]);
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        // A write beyond the limit fails, as on a full disk, instead of ending the process.
        .arg(format!(
            "trap '' XFSZ; exec prlimit --fsize={ROOM}:unlimited \"$@\""
        ))
        .arg("sh")
        .arg(serve.get_program())
        .args(serve.get_args())
        .current_dir(serve.get_current_dir().unwrap());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    Process::start(&mut limited, folder)
}

struct Api {
    url: String,
    token: String,
    client: Client,
}

impl Api {
    async fn book(&self, trade: usize) -> StatusCode {
        let body = json!({
            "trade_id": format!("T-{trade}"), "account": "ACC-1", "book": "AGENCY",
            "instrument": "IBM", "side": "BUY", "quantity": "100", "price": "181.52",
            "currency": "USD", "traded_at": "2013-10-07T13:30:00Z"
        });
        let request = self
            .client
            .post(format!("{}/v1/trades", self.url))
            .json(&body);
        let request = request.bearer_auth(&self.token).header("prefer", "wait=5");
        request.send().await.unwrap().status()
    }

    async fn read(&self, trade: usize) -> StatusCode {
        let request = self.client.get(format!("{}/v1/trades/T-{trade}", self.url));
        let answer = request.bearer_auth(&self.token).send().await;
        answer.unwrap().status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_refuses_commands_and_takes_them_again_once_there_is_room() {
    let (desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let token = desk.command(&["token"]).output().unwrap();
    let process = start(&desk, folder.path());
    let serves = async || address(&process.log());
    let address = eventually("it to serve", WITHIN, serves).await;
    let api = Api {
        url: format!("http://{address}"),
        token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
        client: Client::new(),
    };
    let (mut booked, mut refused) = (Vec::new(), false);
    for trade in 0..COMMANDS {
        match api.book(trade).await {
            StatusCode::CREATED => booked.push(trade),
            StatusCode::SERVICE_UNAVAILABLE => {
                refused = true;
                break;
            }
            // Accepted, and not handled in time: its commit was what failed.
            StatusCode::ACCEPTED => {}
            other => panic!("{other}: {}", process.log()),
        }
    }
    assert!(refused, "there is still room");
    let ready = reqwest::get(format!("{}/readyz", api.url)).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let report: Value = ready.json().await.unwrap();
    assert_ne!(report["checks"]["disk"], "ok", "{report}");
    assert_eq!(report["parts"]["commands"]["ready"], false, "{report}");
    assert_eq!(report["parts"]["reads"]["ready"], true, "{report}");
    for trade in &booked {
        assert_eq!(api.read(*trade).await, StatusCode::OK, "{}", process.log());
    }
    let id = process.id().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &id, "--fsize=unlimited:unlimited"])
        .status();
    assert!(raised.unwrap().success());
    let again = COMMANDS;
    eventually("commands to be taken again", WITHIN, async || {
        (api.book(again).await == StatusCode::CREATED).then_some(())
    })
    .await;
    eventually("it to be ready again", WITHIN, async || {
        let ready = reqwest::get(format!("{}/readyz", api.url)).await.ok()?;
        ready.status().is_success().then_some(())
    })
    .await;
    for trade in booked {
        assert_eq!(api.read(trade).await, StatusCode::OK);
    }
    assert!(!process.log().contains("panicked"), "{}", process.log());
}
