//! The headers of the platform: what a request may demand, what an answer reports of itself.

mod entity_tag;
mod freshness;
mod idempotency;
mod log_position;
mod prefer;
pub(crate) mod security;

use std::fmt;
use std::io::Write as _;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use kernel::code::platform;

use crate::problem::Problem;

pub use entity_tag::{EntityTags, expected_version, if_match, if_none_match};
pub(crate) use freshness::add_degraded;
pub use freshness::{Freshness, mark_age, mark_degraded, max_age};
pub use idempotency::{KEY_SCOPE, command_key, mark_replayed};
pub use log_position::min_log_position;
pub use prefer::{WAIT_MAX, wait, wait_applied};

/// The header's text, when it is there once.
///
/// # Errors
/// The header is there twice, which two readers could resolve differently, or is not ASCII text.
fn single<'h>(
    headers: &'h HeaderMap,
    name: &'static HeaderName,
) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(bad(name, "is given twice"));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(bad(name, "is not ASCII text")),
    }
}

/// The members of a list header, over all its lines; lines that are not text have none.
fn members<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

/// Bytes of a value that need no second buffer; the longest of ours is a log position.
const VALUE_USUAL: usize = 128;

/// A value, put together on the stack so that it costs one allocation, its own.
fn value(text: fmt::Arguments<'_>) -> HeaderValue {
    let mut buffer = [0; VALUE_USUAL];
    let mut rest = &mut buffer[..];
    let made = match rest.write_fmt(text) {
        Ok(()) => {
            let length = VALUE_USUAL - rest.len();
            HeaderValue::from_bytes(&buffer[..length])
        }
        Err(_) => HeaderValue::from_bytes(text.to_string().as_bytes()),
    };
    made.expect("tokens, instants, numbers and our own reasons are printable ASCII")
}

fn bad(name: &'static HeaderName, what: &str) -> Problem {
    Problem::new(
        platform::PARAMETER_MALFORMED,
        format!("header {name} {what}"),
    )
}
