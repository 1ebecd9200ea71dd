//! `Min-Position`: the answer must have seen a place in the events.

use actix_web::http::header::{HeaderMap, HeaderName};
use kernel::position::{NotAPosition, PositionToken};

use super::{bad, single};
use crate::problem::Problem;

static MIN_POSITION: HeaderName = HeaderName::from_static("min-position");

/// What `Min-Position` demands.
///
/// # Errors
/// The header is not a position token, or is given twice.
pub fn min_position(headers: &HeaderMap) -> Result<Option<PositionToken>, Problem> {
    single(headers, &MIN_POSITION)?
        .map(|text| {
            text.parse().map_err(|error: NotAPosition| {
                bad(&MIN_POSITION, "is not a position token").because(error)
            })
        })
        .transpose()
}
