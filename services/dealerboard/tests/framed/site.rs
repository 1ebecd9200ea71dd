//! An installation on real servers, and the processes that run it in turn.

use std::process::Command;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use testkit::eventually;
use testkit::platform::{address, unconfigured};
use testkit::process::{Process, Signal};
use testkit::servers::{Database, Servers, unique};
use testkit::topics;

pub(crate) const WAIT: Duration = Duration::from_secs(60);
/// With the registry that the configuration names.
pub(crate) const FRAMED: &[(&str, &str)] = &[];
/// As if there were none.
pub(crate) const BARE: &[(&str, &str)] = &[("DEALERBOARD__REGISTRY__URL", "")];

pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) registry: String,
    pub(crate) prefix: String,
    pub(crate) pool: PgPool,
    database: Database,
    folder: TempDir,
}

/// A process that serves.
pub(crate) struct Serving {
    process: Process,
    pub(crate) url: String,
    token: String,
}

impl Site {
    pub(crate) async fn prepare() -> Self {
        let servers = Servers::shared();
        let registry = std::env::var("DEALERBOARD_TEST_REGISTRY")
            .expect("DEALERBOARD_TEST_REGISTRY is not set: `make test` starts a registry");
        let database = servers.database().await;
        let prefix = format!("{}.", unique("framed"));
        let folder = TempDir::with_prefix("dealerboard-framed-").unwrap();
        let config = format!(
            r#"
            storage.mode = "production"
            http.bind = "127.0.0.1:0"
            kafka.brokers = "{}"
            kafka.prefix = "{prefix}"
            kafka.partitions = 2
            postgres.url = "{}"
            redis.url = "{}"
            redis.prefix = "{prefix}"
            registry.url = "{registry}"
            "#,
            servers.kafka, database.url, servers.redis
        );
        std::fs::write(folder.path().join("site.toml"), config).unwrap();
        let site = Self {
            pool: PgPool::connect_lazy(&database.url).unwrap(),
            servers,
            registry,
            prefix,
            database,
            folder,
        };
        site.run(&["migrate"]);
        site
    }

    /// What a command prints; it must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }

    /// A process that serves and is ready.
    pub(crate) async fn serve(&self, environment: &[(&str, &str)]) -> Serving {
        let serving = self.start(environment).await;
        serving.is_ready().await;
        serving
    }

    pub(crate) async fn start(&self, environment: &[(&str, &str)]) -> Serving {
        let mut serve = self.command(&["serve"]);
        let process = Process::start(serve.envs(environment.iter().copied()), self.folder.path());
        let address = eventually("the address", WAIT, async || address(&process.log())).await;
        let token = self.command(&["token", "--tenant", "demo"]).output();
        Serving {
            process,
            url: format!("http://{address}"),
            token: String::from_utf8(token.unwrap().stdout)
                .unwrap()
                .trim()
                .to_owned(),
        }
    }

    pub(crate) async fn count(&self, select: &str) -> i64 {
        let asked = sqlx::query_scalar(select).fetch_one(&self.pool).await;
        asked.unwrap()
    }

    pub(crate) async fn discard(self) {
        self.pool.close().await;
        self.database.discard().await;
        topics::delete(&self.servers.kafka, &self.prefix).await;
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = unconfigured(env!("CARGO_BIN_EXE_dealerboard"), self.folder.path());
        command.args(["--config", "site.toml"]).args(arguments);
        command
    }
}

impl Serving {
    pub(crate) async fn is_ready(&self) {
        eventually("to be ready", WAIT, async || {
            let (status, _) = self.get("/readyz/commands").await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// Books a trade and fills it; returns when the position shows the fill.
    pub(crate) async fn trade(&self, trade: &str) {
        self.handled("/v1/trades", &booking(trade)).await;
        let fill = json!({
            "exec_id": format!("E-{trade}"), "quantity": "100", "price": "181.50", "fee": "0.35",
            "traded_at": "2026-01-05T15:30:01Z",
        });
        self.handled(&format!("/v1/trades/{trade}/fills"), &fill)
            .await;
        let path = format!("/v1/positions/ACC-1/AGENCY/{trade}");
        eventually("the position", WAIT, async || {
            let (status, _) = self.get(&path).await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let url = format!("{}{path}", self.url);
        let asked = Client::new().get(url).bearer_auth(&self.token).send().await;
        let answer = asked.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, String) {
        let request = Client::new()
            .post(format!("{}{path}", self.url))
            .bearer_auth(&self.token)
            .header("prefer", "wait=30")
            .json(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) async fn stop(self) {
        self.process.signal(Signal::Terminate);
        let process = std::cell::RefCell::new(self.process);
        let over = async || process.borrow_mut().ended();
        let status = eventually("the process to end", WAIT, over).await;
        assert!(status.success(), "{}", process.borrow().log());
    }

    /// As a client does it: what is refused for the moment is sent again.
    async fn handled(&self, path: &str, body: &Value) {
        let (status, text) = eventually("the command to be taken", WAIT, async || {
            let answer = self.post(path, body).await;
            (answer.0 != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
        })
        .await;
        let handled = [StatusCode::OK, StatusCode::CREATED].contains(&status);
        assert!(handled, "{path}: {status} {text}\n{}", self.process.log());
    }
}

/// Its instrument is its own, so that its position is.
pub(crate) fn booking(trade: &str) -> Value {
    json!({
        "trade_id": trade, "account": "ACC-1", "book": "AGENCY", "instrument": trade,
        "side": "BUY", "quantity": "100", "price": "181.52", "currency": "USD",
        "traded_at": "2026-01-05T15:30:00Z",
    })
}
