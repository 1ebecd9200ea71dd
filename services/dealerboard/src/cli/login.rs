//! `dealerboard login`.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use identity::{DeviceClient, DeviceSignIn, IssuerSettings};

use crate::config::Config;

/// Below the folder of a person's configuration.
const FOLDER: &str = "dealerboard";
const FILE: &str = "token";

/// Where somebody signs in, and as which client.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// The issuer; if left out, the one that is configured.
    #[arg(long)]
    issuer: Option<String>,
    /// A client of the issuer without a secret, for which it allows device sign-in; if left out, that of
    /// the issuer's `sign_in`.
    #[arg(long)]
    client_id: Option<String>,
    /// What is asked for, one `--scope` each; if left out, that of the issuer's `sign_in`.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Prints the token and keeps none.
    #[arg(long)]
    print: bool,
    #[arg(long, env = "XDG_CONFIG_HOME", hide = true)]
    config_home: Option<OsString>,
    #[arg(long, env = "HOME", hide = true)]
    home: Option<OsString>,
}

impl Login {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        // Before anybody is bothered.
        let file = if self.print { None } else { Some(self.file()?) };
        let client = self.client(&config.auth.issuers)?;
        let token = super::runtime()?.block_on(signed_in(client))?;
        match file {
            None => super::print(&token),
            Some(file) => {
                keep(&file, &token)?;
                let file = file.display();
                super::say(&format!(
                    "signed in; the token is in {file}, for as long as it lives"
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What the line leaves out is configured.
    fn client(self, issuers: &[IssuerSettings]) -> anyhow::Result<DeviceClient> {
        let known = match (&self.issuer, issuers) {
            (Some(issuer), _) => issuers.iter().find(|known| known.issuer == *issuer),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let issuer = self
            .issuer
            .or_else(|| known.map(|known| known.issuer.clone()));
        let issuer = issuer.with_context(|| {
            let count = issuers.len();
            format!("which issuer? {count} are configured; name one with --issuer")
        })?;
        let sign_in = known.and_then(|known| known.sign_in.as_ref());
        let without_secret = sign_in.filter(|sign_in| sign_in.client_secret_file.is_none());
        let client_id = self
            .client_id
            .or_else(|| without_secret.map(|sign_in| sign_in.client_id.clone()));
        let client_id = client_id.context(
            "as which client? Name one that has no secret and may sign in by device with --client-id",
        )?;
        let mut scopes = self.scopes;
        if scopes.is_empty() {
            let openid = || vec!["openid".to_owned()];
            scopes = sign_in.map_or_else(openid, |sign_in| sign_in.scopes.clone());
        }
        let parameters = sign_in.map(|sign_in| sign_in.parameters.clone());
        Ok(DeviceClient {
            issuer,
            client_id,
            scopes,
            parameters: parameters.unwrap_or_default(),
        })
    }

    /// By the XDG Base Directory Specification, which has an empty or relative folder ignored.
    fn file(&self) -> anyhow::Result<PathBuf> {
        let absolute = |folder: &Option<OsString>| {
            let folder = folder.as_ref().map(PathBuf::from);
            folder.filter(|folder| folder.is_absolute())
        };
        let home = || absolute(&self.home).map(|home| home.join(".config"));
        let folder = absolute(&self.config_home).or_else(home);
        let folder = folder.context("there is no home to keep the token in: use --print")?;
        Ok(folder.join(FOLDER).join(FILE))
    }
}

async fn signed_in(client: DeviceClient) -> anyhow::Result<String> {
    let provider = DeviceSignIn::at(client).await?;
    let code = provider.begin().await?;
    let address = code.verification_uri_complete.as_ref();
    let (plain, user_code) = (&code.verification_uri, &code.user_code);
    super::say(&format!("open {}", address.unwrap_or(plain)));
    super::say(&format!("and see that it asks for the code {user_code}"));
    provider.granted(&code).await
}

/// Nobody else reads it, at no moment; and a reader finds a whole one.
fn keep(file: &Path, token: &str) -> anyhow::Result<()> {
    let folder = file.parent().context("the token has no folder")?;
    let mut private = DirBuilder::new();
    let made = private.recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("make {}", folder.display()))?;
    let new = folder.join(format!("{FILE}.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut open = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        writeln!(open, "{token}")?;
        open.sync_all()?;
        fs::rename(&new, file)
    };
    let written = write();
    if written.is_err() {
        // What was begun is of no use; that it cannot be removed says the first error.
        drop(fs::remove_file(&new));
    }
    written.with_context(|| format!("write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use clap::Parser;
    use identity::IssuerSettings;
    use serde_json::json;

    use super::{Login, keep};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        login: Login,
    }

    fn login(line: &str) -> Login {
        let words = ["login", "--home", "/home/ann", "--config-home", ""];
        let line = words.into_iter().chain(line.split_whitespace());
        Line::try_parse_from(line).unwrap().login
    }

    fn issuer(name: &str, secret: Option<&str>) -> IssuerSettings {
        let mut settings = json!({
            "issuer": name, "tenant": { "fixed": "demo" }, "roles": ["roles"],
            "sign_in": {
                "name": "desk", "client_id": "desk", "scopes": ["openid", "desk"],
                "parameters": { "audience": "dealerboard" },
            },
        });
        if let Some(secret) = secret {
            settings["sign_in"]["client_secret_file"] = secret.into();
        }
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn what_the_line_leaves_out_is_configured() {
        let one = [issuer("https://id.example", None)];
        let client = login("").client(&one).unwrap();
        assert_eq!(
            (&*client.issuer, &*client.client_id),
            ("https://id.example", "desk")
        );
        assert_eq!(client.scopes, ["openid", "desk"]);
        assert_eq!(client.parameters["audience"], "dealerboard");
        let line = "--issuer https://other.example --client-id terminal --scope openid";
        let client = login(line).client(&one).unwrap();
        assert_eq!(
            (&*client.client_id, client.parameters.len()),
            ("terminal", 0)
        );
    }

    #[test]
    fn what_nobody_says_is_asked_for() {
        let refused = |line: &str, issuers: &[IssuerSettings]| {
            login(line).client(issuers).unwrap_err().to_string()
        };
        assert!(refused("", &[]).contains("which issuer?"));
        let two = [
            issuer("https://a.example", None),
            issuer("https://b.example", None),
        ];
        assert!(refused("", &two).contains("which issuer?"));
        // A secret of the gateway's is not for people's programs.
        let secret = [issuer("https://id.example", Some("secret"))];
        assert!(refused("", &secret).contains("as which client?"));
    }

    #[test]
    fn token_is_kept_where_programs_keep_such_things() {
        let file = |config_home: &str| {
            let login = Login {
                config_home: Some(config_home.into()),
                ..login("")
            };
            login.file().unwrap()
        };
        let other = file("/etc/ann");
        assert_eq!(other, Path::new("/etc/ann/dealerboard/token"));
        for none in ["", "relative"] {
            assert_eq!(file(none), Path::new("/home/ann/.config/dealerboard/token"));
        }
    }

    #[test]
    fn token_is_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/dealerboard/token");
        keep(&file, "one").unwrap();
        keep(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let parent = file.parent().unwrap();
        assert_eq!((mode(&file), mode(parent)), (0o600, 0o700));
        assert_eq!(fs::read_dir(parent).unwrap().count(), 1);
    }
}
