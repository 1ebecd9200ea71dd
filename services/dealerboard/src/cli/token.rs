//! `dealerboard token`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use kernel::port::Clock as _;
use kernel::{Actor, Role, Subject, Tenant};

use crate::config::Config;
use crate::ports::{LocalKeys, keys_for_tokens};
use pipeline::SystemClock;

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub struct Token {
    #[arg(long, default_value = "demo")]
    pub tenant: Tenant,
    #[arg(long, default_value = "trader", value_parser = Actor::of_caller)]
    pub actor: Actor,
    /// What it may do: roles of the policies, one `--role` each. Who can read the installation's keys
    /// may do everything, so that is what it says when none is given.
    #[arg(long = "role", default_value = "admin")]
    pub roles: Vec<Role>,
    /// Hours it is valid; at most 24.
    #[arg(long, default_value_t = 12)]
    pub hours: u64,
}

impl Token {
    /// For an import, which may take a day.
    #[cfg(feature = "import")]
    pub(super) fn for_import(tenant: Tenant, actor: Actor) -> anyhow::Result<Self> {
        Ok(Self {
            tenant,
            actor,
            roles: vec![Role::new("service")?],
            hours: 24,
        })
    }

    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let token = super::runtime()?.block_on(self.issue_local(config))?;
        super::print(&token);
        Ok(ExitCode::SUCCESS)
    }

    /// Signed by the installation's own key, as far as it can be asked which that is.
    pub(super) async fn issue_local(self, config: &Config) -> anyhow::Result<String> {
        let (keys, doubt) = keys_for_tokens(config).await?;
        if let Some(doubt) = doubt {
            super::say(&format!("dealerboard: {doubt}"));
        }
        self.issue(config, &keys)
    }

    /// Signed by these keys.
    ///
    /// # Errors
    /// The token would be valid for longer than the platform allows.
    pub fn issue(self, config: &Config, keys: &LocalKeys) -> anyhow::Result<String> {
        let principal = Subject::person(self.tenant, self.actor, self.roles).into();
        let life = Duration::from_secs(self.hours * 3_600);
        Ok(keys
            .tokens
            .issue(&principal, &config.auth.audience, SystemClock.now(), life)?)
    }
}
