//! The embedded platform, killed while callers are being answered.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::eventually;
use testkit::keys;
use testkit::process::Process;

use crate::site::{SECRET, binary, free_address};
use crate::workload::{Draw, SEED};

/// Kills in one run.
const KILLS: u64 = 5;
/// Callers at once.
const CALLERS: u64 = 6;
/// Longest time until a started process serves, or until everything is handled.
const SERVES_WITHIN: Duration = Duration::from_secs(20);
/// Longest time of one call.
const CALL_WAIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_command_has_its_outcome_after_a_kill() {
    let folder = TempDir::with_prefix("dealerboard-crash-").unwrap();
    let mut draw = Draw(SEED ^ 0xe4be_dded);
    let api = Api::new(folder.path());
    for round in 0..KILLS {
        let mut process = api.start(folder.path());
        api.serves().await;
        let until = api.accepted().len() as u64 + 20 + draw.below(200);
        let callers = (0..CALLERS).map(|caller| api.call(format!("{round}-{caller}")));
        tokio::select! {
            _ = futures::future::join_all(callers) => {}
            () = api.has_accepted(until) => {}
        }
        process.kill();
    }
    let _process = api.start(folder.path());
    api.serves().await;
    api.everything_accepted_is_done().await;
}

/// One installation, as its callers see it.
struct Api {
    url: String,
    address: String,
    token: String,
    client: Client,
    /// Command ids answered with 202, and the trade each is about.
    accepted: Mutex<BTreeMap<String, String>>,
}

impl Api {
    fn new(folder: &std::path::Path) -> Self {
        keys::write(&folder.join("var/keys"), &SECRET);
        let token = binary(folder).arg("token").output().unwrap();
        let address = free_address();
        Self {
            url: format!("http://{address}"),
            address,
            token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
            client: Client::builder().timeout(CALL_WAIT).build().unwrap(),
            accepted: Mutex::default(),
        }
    }

    fn start(&self, folder: &std::path::Path) -> Process {
        let mut command = binary(folder);
        command
            .arg("serve")
            .env("DEALERBOARD__HTTP__BIND", &self.address);
        Process::start(&mut command, folder)
    }

    async fn serves(&self) {
        eventually("the gateway", SERVES_WITHIN, async || {
            let ready = self.client.get(format!("{}/readyz", self.url)).send().await;
            ready.ok()?.status().is_success().then_some(())
        })
        .await;
    }

    /// Books and fills trade after trade, until the process is gone.
    async fn call(&self, caller: String) {
        for number in 0.. {
            let trade = format!("T-{caller}-{number}");
            let booking = json!({
                "trade_id": trade, "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
                "side": "BUY", "quantity": "100", "price": "181.52", "currency": "USD",
                "traded_at": "2013-10-07T13:30:00Z",
            });
            if self.post("/v1/trades", &trade, &booking).await.is_none() {
                return;
            }
            let fill = json!({
                "exec_id": format!("E-{trade}"), "quantity": "10", "price": "181.50",
                "fee": "0.35", "traded_at": "2013-10-07T13:30:01Z",
            });
            let path = format!("/v1/trades/{trade}/fills");
            if self.post(&path, &trade, &fill).await.is_none() {
                return;
            }
        }
    }

    /// `None` when the process is gone before it has answered.
    async fn post(&self, path: &str, trade: &str, body: &Value) -> Option<()> {
        let url = format!("{}{path}", self.url);
        let request = self.client.post(url).bearer_auth(&self.token).json(body);
        let response = request.send().await.ok()?;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let reply: Value = response.json().await.ok()?;
        let id = reply["command_id"].as_str().unwrap().to_owned();
        self.accepted().insert(id, trade.to_owned());
        Some(())
    }

    async fn has_accepted(&self, commands: u64) {
        eventually("commands to be accepted", SERVES_WITHIN, async || {
            (self.accepted().len() as u64 >= commands).then_some(())
        })
        .await;
    }

    /// Every 202 has its outcome, every trade is there, and the position is the sum of their fills.
    async fn everything_accepted_is_done(&self) {
        let accepted = self.accepted().clone();
        assert!(accepted.len() > 100, "{} were accepted", accepted.len());
        for (id, trade) in &accepted {
            let path = format!("/v1/commands/{id}");
            eventually(&path, SERVES_WITHIN, async || {
                (self.get(&path).await?["status"] == "accepted").then_some(())
            })
            .await;
            let read = self.get(&format!("/v1/trades/{trade}")).await;
            assert!(read.is_some(), "trade {trade} of an accepted command");
        }
        eventually("the position to be the sum", SERVES_WITHIN, async || {
            let fills = self.filled().await?;
            let position = self.get("/v1/positions/ACC-1/AGENCY/IBM").await?;
            (position["quantity"] == json!((fills * 10).to_string())).then_some(())
        })
        .await;
    }

    /// Number of fills over all trades, those never answered included.
    async fn filled(&self) -> Option<usize> {
        let mut fills = 0;
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/v1/trades?limit=100{cursor}")).await?;
            let items = page["items"].as_array()?;
            fills += items
                .iter()
                .map(|trade| trade["fills"].as_array().map_or(0, Vec::len))
                .sum::<usize>();
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Some(fills),
            }
        }
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let url = format!("{}{path}", self.url);
        let request = self.client.get(url).bearer_auth(&self.token);
        let response = request.send().await.ok()?;
        response.status().is_success().then_some(())?;
        response.json().await.ok()
    }

    fn accepted(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.accepted.lock().unwrap()
    }
}
