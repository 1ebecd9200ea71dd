//! The command line.

mod agreement;
mod calls;
mod dead_letters;
mod hello;
#[cfg(feature = "issuers")]
mod login;
#[cfg(feature = "production")]
mod migrate;
mod misplaced;
mod replay;
mod schemas;
mod serve;
mod simulate;
mod skip;
mod tenants;
mod token;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
#[cfg(feature = "import")]
use futures::FutureExt as _;
use telemetry::terminal::{print, say};

use crate::config::Config;
pub use token::{Limits, Token};

/// The event-sourced platform under a dealing desk.
#[derive(Debug, Parser)]
#[command(name = "dealerboard", version)]
pub struct Arguments {
    /// A TOML file that overrides single keys of the default configuration.
    #[arg(long, global = true, env = "DEALERBOARD_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs roles of the platform until it is stopped.
    Serve(serve::Serve),
    /// Brings database and topics to this version.
    #[cfg(feature = "production")]
    Migrate,
    /// Imports trades from a file through a running gateway.
    #[cfg(feature = "import")]
    Import(importer::Import),
    /// Checks what is stored against the rules; reads only. Exit code 1: a rule is broken, 2: it
    /// could not be checked.
    Verify(verify::Verify),
    /// Lists, shows, redrives and discards commands that could not be handled.
    DeadLetters(dead_letters::DeadLettersCommand),
    /// Lists, redrives and discards calls outside that were given up.
    Calls(calls::CallsCommand),
    /// Lets a partition of commands continue after an unreadable record.
    Skip(skip::Skip),
    /// Lists aggregates with a stream in the wrong partition, and sends their commands to the right one.
    Misplaced(misplaced::MisplacedCommand),
    /// Rebuilds a view from the events.
    Replay(replay::Replay),
    /// Compares the folder of JSON Schemas with the types, or writes it and what is made from the routes.
    Schemas(schemas::SchemasCommand),
    /// Plays a simulated day through the real pipeline.
    Simulate(simulate::Simulate),
    /// Lists, creates, suspends, resumes and exports tenants.
    Tenants(tenants::TenantsCommand),
    /// Prints an access token signed by the local key.
    Token(token::Token),
    /// Signs in at an identity provider by a browser on any device, and keeps the access token.
    #[cfg(feature = "issuers")]
    Login(login::Login),
}

/// What is logged by commands whose result is what they print.
const QUIET: &str = "warn";

/// A failure that is not a finding: exit code 2 where 1 means something else.
const FAILED: u8 = 2;

impl Arguments {
    /// Runs the command; the exit code of the process.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let config = match Config::load(self.config.as_deref()) {
            Ok(config) => config,
            Err(error) => return failed(&error),
        };
        let done = match self.command {
            Command::Serve(serve) => serve.run(config),
            #[cfg(feature = "production")]
            Command::Migrate => migrate::run(&config),
            #[cfg(feature = "import")]
            Command::Import(import) => import.run(&config.http.bind, &|tenant, actor| {
                let token = Token::for_import(tenant, actor);
                async { token?.issue_local(&config).await }.boxed()
            }),
            Command::Verify(verify) => verify.run(config),
            Command::DeadLetters(dead_letters) => dead_letters.run(config),
            Command::Calls(calls) => calls.run(config),
            Command::Misplaced(misplaced) => misplaced.run(config),
            Command::Skip(skip) => skip.run(config),
            Command::Replay(replay) => replay.run(config),
            Command::Schemas(schemas) => schemas.run(),
            Command::Simulate(simulate) => simulate.run(config),
            Command::Tenants(tenants) => tenants.run(config),
            Command::Token(token) => token.run(&config),
            #[cfg(feature = "issuers")]
            Command::Login(login) => login.run(&config),
        };
        let code = done.unwrap_or_else(|error| failed(&error));
        telemetry::terminal::unwritten().map_or(code, |error| {
            failed(&anyhow::Error::new(error).context("write the result"))
        })
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say(&format!("dealerboard: {error:#}"));
    ExitCode::from(FAILED)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
