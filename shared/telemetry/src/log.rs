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

/// Drops the lines of libraries that no operator needs. The web server logs its threads as they start
/// and stop, and logs each request that is not HTTP as an error, though it is the caller's fault and was
/// answered. The broker's client logs each connection that ends, and logs once more, as an error,
/// everything it has logged as a line.
const LIBRARIES: &str = "actix_server=warn,actix_http::h1=off,librdkafka=warn,rdkafka=off";

/// Logging, until it is dropped: the outstanding counts are logged then.
#[must_use]
pub struct Log {
    _teller: Teller,
}

/// Starts logging: lines for people on a terminal, JSON elsewhere. `RUST_LOG` overrides `default`.
/// Of warnings and errors that repeat, the first few are logged and the others counted.
///
/// # Errors
/// A logger is there already, or the thread that logs the counts cannot be started.
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
