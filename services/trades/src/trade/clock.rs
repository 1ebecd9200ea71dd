//! A trade is reported when it is done, not before.

use kernel::Accepted;

use super::command::TradeCommand;
use super::rejection::TradeRejection;

/// How far a clock or a time zone of the reporter may be ahead of ours.
const AHEAD_MAX_MS: i64 = 24 * 60 * 60 * 1_000;

/// # Errors
/// [`TradeRejection::TradedAhead`].
pub(super) fn not_ahead(accepted: &Accepted<TradeCommand>) -> Result<(), TradeRejection> {
    let traded_at = match &accepted.command {
        TradeCommand::BookTrade(terms) => terms.traded_at,
        TradeCommand::AmendTrade(amend) => amend.terms.traded_at,
        TradeCommand::RecordFill(fill) => fill.traded_at,
        _ => return Ok(()),
    };
    if traded_at > accepted.at.plus_millis(AHEAD_MAX_MS) {
        Err(TradeRejection::TradedAhead { traded_at })
    } else {
        Ok(())
    }
}
