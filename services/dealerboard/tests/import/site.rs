//! A platform of its own, in one process, and the imports that are run against it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use testkit::eventually;
use testkit::process::Process;
use testkit::servers::{Database, Servers, unique};

/// Rows of the beginning of the sample file: enough for every position to open, close and flip.
const SLICE_ROWS: usize = 3_000;
/// Entries of a page of a list, the most there may be.
const PAGE: usize = 200;

pub(crate) struct Site {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
    database: Option<Database>,
    url: String,
    _serve: Process,
}

impl Site {
    pub(crate) async fn embedded() -> Self {
        Self::start(folder(), Vec::new(), None).await
    }

    /// On the servers that the environment names.
    pub(crate) async fn production() -> Self {
        let servers = Servers::shared();
        let database = servers.database().await;
        let prefix = format!("{}.", unique("import"));
        let environment = vec![
            ("DEALERBOARD__STORAGE__MODE", "production".to_owned()),
            ("DEALERBOARD__KAFKA__BROKERS", servers.kafka),
            ("DEALERBOARD__KAFKA__PREFIX", prefix.clone()),
            ("DEALERBOARD__KAFKA__PARTITIONS", "4".to_owned()),
            ("DEALERBOARD__POSTGRES__URL", database.url.clone()),
            ("DEALERBOARD__REDIS__URL", servers.redis),
            ("DEALERBOARD__REDIS__PREFIX", prefix),
        ];
        let folder = folder();
        let migrated = binary(folder.path(), &environment).arg("migrate").output();
        let migrated = migrated.unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        Self::start(folder, environment, Some(database)).await
    }

    async fn start(
        folder: TempDir,
        environment: Vec<(&'static str, String)>,
        database: Option<Database>,
    ) -> Self {
        let mut command = binary(folder.path(), &environment);
        let serve = Process::start(command.arg("serve"), folder.path());
        let address = eventually("the address", Duration::from_secs(30), async || {
            address(&serve.log())
        })
        .await;
        Self {
            folder,
            environment,
            database,
            url: format!("http://{address}"),
            _serve: serve,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The command line of an import, not yet run.
    pub(crate) fn import(&self, file: &Path, tenant: &str) -> Command {
        let mut command = binary(self.folder(), &self.environment);
        command
            .arg("import")
            .arg(file)
            .args(["--url", &self.url, "--tenant", tenant]);
        command
    }

    /// A command by hand, that is accepted.
    pub(crate) async fn post(&self, tenant: &str, path: &str, body: &Value) {
        let request = Client::new()
            .post(format!("{}{path}", self.url))
            .bearer_auth(self.token(tenant))
            .header("prefer", "wait=10")
            .json(body);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        assert_ne!(answer.status(), StatusCode::ACCEPTED, "it was handled");
    }

    fn token(&self, tenant: &str) -> String {
        let mut token = binary(self.folder(), &self.environment);
        let output = token.args(["token", "--tenant", tenant]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// One query, from its path and parameters.
    pub(crate) async fn get(&self, tenant: &str, query: &str) -> Response {
        let request = Client::new().get(format!("{}{query}", self.url));
        let request = request.bearer_auth(self.token(tenant));
        request.send().await.unwrap()
    }

    /// Every position of a tenant, over the list.
    pub(crate) async fn positions(&self, tenant: &str) -> Vec<Value> {
        self.list(tenant, &format!("/v1/positions?limit={PAGE}"))
            .await
    }

    /// Every page of a list, from its path and query.
    pub(crate) async fn list(&self, tenant: &str, query: &str) -> Vec<Value> {
        let (client, token) = (Client::new(), self.token(tenant));
        let mut items = Vec::new();
        let mut url = format!("{}{query}", self.url);
        loop {
            let request = client.get(&url).bearer_auth(&token);
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            let mut page: Value = answer.json().await.unwrap();
            items.append(page["items"].as_array_mut().unwrap());
            let Some(cursor) = page["next"].as_str() else {
                return items;
            };
            url = format!("{}{query}&cursor={cursor}", self.url);
        }
    }

    /// Leaves nothing behind; for the end of a test that passed.
    pub(crate) async fn discard(self) {
        let database = self.database.clone();
        drop(self);
        if let Some(database) = database {
            database.discard().await;
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("everything is in {}", self.folder().display());
        }
    }
}

/// What an import said last, and its exit code.
pub(crate) fn told(output: &Output) -> (String, Option<i32>) {
    let result = String::from_utf8_lossy(&output.stdout);
    let rows = result.split(';').next().unwrap_or_default();
    (rows.to_owned(), output.status.code())
}

/// The sample file, or its beginning; and how many rows it has.
pub(crate) fn sample(folder: &Path) -> (PathBuf, usize) {
    let whole =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/trades-us-equity-2013.csv.gz");
    let lines = BufReader::new(MultiGzDecoder::new(File::open(&whole).unwrap())).lines();
    if std::env::var_os("DEALERBOARD_WHOLE_FILE").is_some() {
        return (whole, lines.count() - 1);
    }
    let slice = folder.join("trades.csv");
    let mut out = BufWriter::new(File::create(&slice).unwrap());
    for line in lines.take(1 + SLICE_ROWS) {
        writeln!(out, "{}", line.unwrap()).unwrap();
    }
    out.flush().unwrap();
    (slice, SLICE_ROWS)
}

fn folder() -> TempDir {
    TempDir::with_prefix("dealerboard-import-").unwrap()
}

/// The binary, without the caller's configuration.
fn binary(folder: &Path, environment: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealerboard"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DEALERBOARD_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("DEALERBOARD__HTTP__BIND", "127.0.0.1:0")
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn address(log: &str) -> Option<String> {
    let line = log
        .lines()
        .find(|line| line.contains("dealerboard serves"))?;
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["address"].as_str()?.to_owned())
}
