//! The one binary: arguments, configuration, telemetry, ports, roles, exit code.

use std::process::ExitCode;

use clap::Parser as _;

/// Records are allocated on one thread and freed on another, a hundred thousand times a second: the
/// system's allocator spent a third of our time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pipeline::crash::arm();
    // Two sets of algorithms are compiled in; without a choice the first TLS connection panics.
    #[cfg(any(
        feature = "production",
        feature = "import",
        feature = "issuers",
        feature = "remote"
    ))]
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider was chosen before");
    }
    dealerboard::cli::Arguments::parse().run()
}
