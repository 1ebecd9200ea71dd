//! Logging: which lines there are, and where they go.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Instant;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::NotSetUp;
use super::lines::Json;
use super::repeats::{Repeats, Teller};

/// What libraries say that is nobody's business. The web server tells of its threads as they come and
/// go, and calls each request that is no HTTP an error, though it is the caller's and was answered. The
/// client of the broker tells of each connection that ends, and once more as an error of everything
/// what it has told as a line.
const LIBRARIES: &str = "actix_server=warn,actix_http::h1=off,librdkafka=warn,rdkafka=off";

/// Logging, until it is dropped: what was counted and not yet told is told then.
#[must_use]
pub struct Log {
    _teller: Teller,
}

/// Starts logging: lines for people on a terminal, JSON elsewhere. `RUST_LOG` overrides `default`.
/// Of warnings and errors that repeat, the first few are told and the others counted.
///
/// # Errors
/// A logger is there already, or the thread that tells counts cannot be started.
pub fn log(default: &str) -> Result<Log, NotSetUp> {
    let begun = Instant::now();
    let repeats = Repeats::new(move || begun.elapsed());
    // Standard error may have gone away: a line that cannot be written is lost, and nothing else is.
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .log_internal_errors(false);
    let lines = if io::stderr().is_terminal() {
        lines.compact().boxed()
    } else {
        lines.event_format(Json).boxed()
    };
    tracing_subscriber::registry()
        .with(filter(default))
        .with(repeats.clone())
        .with(lines)
        .try_init()
        .map_err(|error| NotSetUp(error.to_string()))?;
    let teller = Teller::start(repeats).map_err(|error| NotSetUp(error.to_string()))?;
    Ok(Log { _teller: teller })
}

/// What the environment asks for; what it cannot be understood to ask for is not done.
fn filter(default: &str) -> EnvFilter {
    let asked = env::var(EnvFilter::DEFAULT_ENV).ok();
    asked
        .and_then(|asked| EnvFilter::try_new(format!("{LIBRARIES},{asked}")).ok())
        .unwrap_or_else(|| EnvFilter::new(format!("{LIBRARIES},{default}")))
}
