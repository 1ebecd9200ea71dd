//! Makes load, and prints what the platform makes of it beside what the machine gives.

mod bench;

use std::process::ExitCode;

use clap::Parser as _;

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider was chosen before");
    }
    bench::Bench::parse().run()
}
