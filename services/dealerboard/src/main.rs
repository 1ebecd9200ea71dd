//! The one binary: arguments, configuration, telemetry, ports, roles, exit code.

mod cli;
mod config;
mod gateway;
mod ports;
mod roles;
mod seams;
mod slices;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Two sets of algorithms are compiled in; without a choice the first TLS connection panics.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider was chosen before");
    }
    cli::Arguments::parse().run()
}
