//! `Min-Log-Position`: the answer must have seen a place in the events.

use actix_web::http::header::{HeaderMap, HeaderName};
use kernel::log_position::{LogPosition, NotALogPosition};

use super::{bad, single};
use crate::problem::Problem;

static MIN_LOG_POSITION: HeaderName = HeaderName::from_static("min-log-position");

/// What `Min-Log-Position` demands.
///
/// # Errors
/// The header is not a log position, or is given twice.
pub fn min_log_position(headers: &HeaderMap) -> Result<Option<LogPosition>, Problem> {
    single(headers, &MIN_LOG_POSITION)?
        .map(|text| {
            text.parse().map_err(|error: NotALogPosition| {
                bad(&MIN_LOG_POSITION, "is not a position token").because(error)
            })
        })
        .transpose()
}
