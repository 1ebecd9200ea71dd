//! `dealerboard token`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::auth::{Principal, Role};
use kernel::port::Clock as _;
use kernel::{Actor, Tenant};

use crate::config::Config;
use crate::ports::LocalKeys;
use crate::seams::SystemClock;

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[arg(long, default_value = "demo")]
    pub(super) tenant: Tenant,
    #[arg(long, default_value = "trader")]
    pub(super) actor: Actor,
    /// Hours it is valid; at most 24.
    #[arg(long, default_value_t = 12)]
    pub(super) hours: u64,
}

impl Token {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let keys = LocalKeys::open(&config.auth.directory)?;
        super::print(&self.issue(config, &keys)?);
        Ok(ExitCode::SUCCESS)
    }

    pub(super) fn issue(self, config: &Config, keys: &LocalKeys) -> anyhow::Result<String> {
        let roles: [Role; 1] = [Role::new("trader")?];
        let principal = Principal {
            tenant: self.tenant,
            actor: self.actor,
            roles: roles.into(),
        };
        let life = Duration::from_secs(self.hours * 3_600);
        Ok(keys
            .tokens
            .issue(&principal, &config.auth.audience, SystemClock.now(), life)?)
    }
}
