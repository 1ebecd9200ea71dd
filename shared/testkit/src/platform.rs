//! A platform of a test's own, in one process, and a client of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::eventually;
use crate::process::Process;
use crate::servers::{Database, Servers, unique};
use crate::topics;

/// The roles of a platform unless a test names others.
const ALL: &str = "all";
/// Until the process reports its address.
const START_WAIT: Duration = Duration::from_secs(30);

/// A running `dealerboard serve`, in a folder that is deleted when it is dropped, unless the test failed.
pub struct Platform {
    binary: PathBuf,
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
    database: Option<Database>,
    url: String,
    roles: String,
    serve: Process,
}

impl Platform {
    pub async fn embedded(binary: impl Into<PathBuf>) -> Self {
        Self::start(binary.into(), folder(), Vec::new(), None, ALL).await
    }

    /// With some of the roles, as `--roles` lists them.
    pub async fn embedded_as(binary: impl Into<PathBuf>, roles: &str) -> Self {
        Self::start(binary.into(), folder(), Vec::new(), None, roles).await
    }

    /// With further configuration, in TOML.
    ///
    /// # Panics
    /// The configuration cannot be written.
    pub async fn embedded_with(binary: impl Into<PathBuf>, config: &str) -> Self {
        Self::embedded_as_with(binary, ALL, config).await
    }

    /// With some of the roles and further configuration, in TOML.
    ///
    /// # Panics
    /// The configuration cannot be written.
    pub async fn embedded_as_with(binary: impl Into<PathBuf>, roles: &str, config: &str) -> Self {
        let folder = folder();
        let file = folder.path().join("site.toml");
        std::fs::write(&file, config).expect("a file can be written");
        let environment = vec![("DEALERBOARD_CONFIG", file.display().to_string())];
        Self::start(binary.into(), folder, environment, None, roles).await
    }

    /// On the servers that the environment names, in a database, topics and keys of its own.
    ///
    /// # Panics
    /// It cannot be installed there.
    pub async fn production(binary: impl Into<PathBuf>) -> Self {
        Self::production_as(binary, ALL).await
    }

    /// As [`Self::production`], with some of the roles: others are started by [`Self::role`].
    ///
    /// # Panics
    /// It cannot be installed there.
    pub async fn production_as(binary: impl Into<PathBuf>, roles: &str) -> Self {
        Self::production_with(binary, roles, "").await
    }

    /// As [`Self::production_as`], with further configuration, in TOML.
    ///
    /// # Panics
    /// It cannot be installed there.
    pub async fn production_with(binary: impl Into<PathBuf>, roles: &str, config: &str) -> Self {
        Self::production_on(Servers::shared(), binary, roles, config).await
    }

    /// As [`Self::production_with`], on these servers.
    ///
    /// # Panics
    /// It cannot be installed there.
    pub async fn production_on(
        servers: Servers,
        binary: impl Into<PathBuf>,
        roles: &str,
        config: &str,
    ) -> Self {
        let binary = binary.into();
        let database = servers.database().await;
        let prefix = format!("{}.", unique("platform"));
        let environment = [
            ("DEALERBOARD__STORAGE__MODE", "production".to_owned()),
            ("DEALERBOARD__KAFKA__BROKERS", servers.kafka),
            ("DEALERBOARD__KAFKA__PREFIX", prefix.clone()),
            ("DEALERBOARD__KAFKA__PARTITIONS", "4".to_owned()),
            ("DEALERBOARD__POSTGRES__URL", database.url.clone()),
            ("DEALERBOARD__REDIS__URL", servers.redis),
            ("DEALERBOARD__REDIS__PREFIX", prefix),
        ];
        let folder = folder();
        let file = folder.path().join("site.toml");
        std::fs::write(&file, config).expect("a file can be written");
        let file = file.to_str().expect("a temporary folder has a plain name");
        let environment = [&environment[..], &[("DEALERBOARD_CONFIG", file.to_owned())]].concat();
        let migrated = command(&binary, folder.path(), &environment)
            .arg("migrate")
            .output();
        let migrated = migrated.expect("the binary under test runs");
        assert!(migrated.status.success(), "{migrated:?}");
        Self::start(binary, folder, environment, Some(database), roles).await
    }

    async fn start(
        binary: PathBuf,
        folder: TempDir,
        environment: Vec<(&'static str, String)>,
        database: Option<Database>,
        roles: &str,
    ) -> Self {
        let mut command = command(&binary, folder.path(), &environment);
        let (serve, url) = serve(&mut command, folder.path(), roles).await;
        Self {
            binary,
            folder,
            environment,
            database,
            url,
            roles: roles.to_owned(),
            serve,
        }
    }

    /// Another process of the same installation with these roles, and where it serves; it is killed
    /// when dropped.
    pub async fn role(&self, roles: &str) -> (Process, String) {
        self.armed_role(roles, "").await
    }

    /// The same, which fails at the `failpoints`, as [`fail`](https://docs.rs/fail) reads them.
    pub async fn armed_role(&self, roles: &str, failpoints: &str) -> (Process, String) {
        let mut command = self.command();
        serve(command.env("FAILPOINTS", failpoints), self.folder(), roles).await
    }

    /// kill -9, and a new start on what is left.
    pub async fn crash(&mut self) {
        self.serve.kill();
        let (serve, url) = serve(&mut self.command(), self.folder(), &self.roles).await;
        (self.serve, self.url) = (serve, url);
    }

    /// Ends the process, so that another may have its file; [`Self::crash`] starts it again.
    pub fn kill(&mut self) {
        self.serve.kill();
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database it is installed in, where it is one.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// What precedes the names of its topics.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.set_to("DEALERBOARD__KAFKA__PREFIX")
    }

    /// What its processes have in the environment under the name; nothing when embedded.
    fn set_to(&self, name: &str) -> &str {
        let mut environment = self.environment.iter();
        let found = environment.find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The process that serves.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.serve.id()
    }

    /// Where it serves, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Another process of the same installation, not yet started.
    #[must_use]
    pub fn command(&self) -> Command {
        command(&self.binary, self.folder(), &self.environment)
    }

    /// A command by hand, and its outcome.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn send(&self, tenant: &str, path: &str, body: &Value) -> Response {
        let request = self.request(&self.token(tenant), path, body);
        request.send().await.expect("the gateway answers")
    }

    /// A command that waits for its outcome, to be changed before it is sent.
    pub fn request(&self, token: &str, path: &str, body: &Value) -> RequestBuilder {
        Client::new()
            .post(format!("{}{path}", self.url))
            .bearer_auth(token)
            .header("prefer", "wait=10")
            .json(body)
    }

    /// A command by hand, that is accepted and handled.
    ///
    /// # Panics
    /// It was refused, or not handled in time.
    pub async fn post(&self, tenant: &str, path: &str, body: &Value) {
        let answer = self.send(tenant, path, body).await;
        let status = answer.status();
        let text = answer.text().await.expect("an answer is text");
        let handled = [StatusCode::OK, StatusCode::CREATED].contains(&status);
        assert!(handled, "{path} {body}: {status} {text}");
    }

    /// One query, from its path and parameters.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn get(&self, tenant: &str, query: &str) -> Response {
        let request = Client::new().get(format!("{}{query}", self.url));
        let request = request.bearer_auth(self.token(tenant));
        request.send().await.expect("the gateway answers")
    }

    /// Every page of a list, from its path and parameters, of which there is one at least.
    ///
    /// # Panics
    /// A page is refused.
    pub async fn list(&self, tenant: &str, query: &str) -> Vec<Value> {
        let (client, token) = (Client::new(), self.token(tenant));
        let mut items = Vec::new();
        let mut url = format!("{}{query}", self.url);
        loop {
            let request = client.get(&url).bearer_auth(&token);
            let answer = request.send().await.expect("the gateway answers");
            let answer = answer.error_for_status().expect("a page is given");
            let mut page: Value = answer.json().await.expect("a page is JSON");
            items.append(page["items"].as_array_mut().expect("a page has items"));
            let Some(cursor) = page["next"].as_str() else {
                return items;
            };
            url = format!("{}{query}&cursor={cursor}", self.url);
        }
    }

    /// An access token for the tenant.
    ///
    /// # Panics
    /// The binary does not run.
    #[must_use]
    pub fn token(&self, tenant: &str) -> String {
        self.token_with(&["--tenant", tenant])
    }

    /// An access token, of tenant `demo` unless `dealerboard token` is told another.
    ///
    /// # Panics
    /// The binary does not run, or refuses the arguments.
    #[must_use]
    pub fn token_with(&self, arguments: &[&str]) -> String {
        let output = self.command().arg("token").args(arguments).output();
        let output = output.expect("the binary under test runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Leaves nothing behind; for the end of a test that passed.
    pub async fn discard(self) {
        let Some(database) = self.database.clone() else {
            return;
        };
        let brokers = self.set_to("DEALERBOARD__KAFKA__BROKERS").to_owned();
        let prefix = self.prefix().to_owned();
        drop(self);
        database.discard().await;
        topics::delete(&brokers, &prefix).await;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("everything is in {}", self.folder().display());
        }
    }
}

async fn serve(command: &mut Command, folder: &Path, roles: &str) -> (Process, String) {
    let serve = Process::start(command.args(["serve", "--roles", roles]), folder);
    let address = eventually("the address", START_WAIT, async || address(&serve.log())).await;
    (serve, format!("http://{address}"))
}

fn folder() -> TempDir {
    TempDir::with_prefix("dealerboard-platform-").expect("a folder can be made")
}

fn command(binary: &Path, folder: &Path, environment: &[(&'static str, String)]) -> Command {
    let mut command = unconfigured(binary, folder);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// A call of the binary in a folder, without the caller's configuration, on a port that is free.
#[must_use]
pub fn unconfigured(binary: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(binary.as_ref());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DEALERBOARD_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("DEALERBOARD__HTTP__BIND", "127.0.0.1:0");
    command
}

/// The address that a serving process reports.
#[must_use]
pub fn address(log: &str) -> Option<String> {
    let line = log
        .lines()
        .find(|line| line.contains("dealerboard serves"))?;
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["address"].as_str()?.to_owned())
}
