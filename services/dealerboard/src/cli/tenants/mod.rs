//! `dealerboard tenants`.

mod export;
#[cfg(feature = "remote")]
mod remote;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::Config;

/// Tenants of the installation: which there are, which are served, and all that one has.
#[derive(Debug, Args)]
pub(super) struct TenantsCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists the tenants that were created, through a running gateway.
    #[cfg(feature = "remote")]
    List(remote::Caller),
    /// Takes a tenant onto the roll, through a running gateway.
    #[cfg(feature = "remote")]
    Create(remote::Create),
    /// Serves a tenant no longer, through a running gateway; everything of it stays.
    #[cfg(feature = "remote")]
    Suspend(remote::Suspend),
    /// Serves a tenant again, through a running gateway.
    #[cfg(feature = "remote")]
    Resume(remote::Resume),
    /// Writes all events of a tenant to a folder, from the store: in production at any time, embedded
    /// while the platform is stopped.
    Export(export::Export),
}

impl TenantsCommand {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            match self.action {
                #[cfg(feature = "remote")]
                Action::List(caller) => caller.list(&config).await,
                #[cfg(feature = "remote")]
                Action::Create(create) => create.run(&config).await,
                #[cfg(feature = "remote")]
                Action::Suspend(suspend) => suspend.run(&config).await,
                #[cfg(feature = "remote")]
                Action::Resume(resume) => resume.run(&config).await,
                Action::Export(export) => export.run(config).await,
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
