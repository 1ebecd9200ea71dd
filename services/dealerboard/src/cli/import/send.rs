//! One trade: booked, and once that is known, filled.

use std::str::FromStr as _;

use kernel::PositionToken;

use super::api::{Answer, Api, Command};
use super::row::Row;

/// Events of the fill that fills a trade whole: that of the fill, and that it is executed now. One
/// alone is a break that the platform raised: the trade was filled or closed by somebody else.
const EVENTS_OF_WHOLE_FILL: u32 = 2;

/// What became of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Imported,
    /// An earlier run had sent it.
    Repeated,
    Rejected(String),
}

/// A fill that is on its way to its position.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) at: PositionToken,
    /// Account, book and instrument.
    pub(super) position: [String; 3],
}

pub(super) struct Sent {
    pub(super) verdict: Verdict,
    pub(super) filled: Option<Filled>,
}

impl Sent {
    pub(super) fn rejected(reason: String) -> Self {
        Self {
            verdict: Verdict::Rejected(reason),
            filled: None,
        }
    }
}

/// Sends booking and fill. The fill waits for the booking's outcome: after a rejection it would
/// fill somebody else's trade of that id.
pub(super) async fn send(api: &Api, row: &Row) -> anyhow::Result<Sent> {
    let id = row.trade_id.as_str();
    let booking = Command {
        path: &["v1", "trades"],
        key: format!("import/{id}/booking"),
        body: row.booking()?,
    };
    if let Err(reason) = api.command(booking).await? {
        return Ok(Sent::rejected(format!("booking: {reason}")));
    }
    let fill = Command {
        path: &["v1", "trades", id, "fills"],
        key: format!("import/{id}/fill"),
        body: row.fill()?,
    };
    match api.command(fill).await? {
        Ok(answer) => judge(row, &answer),
        Err(reason) => Ok(Sent::rejected(format!("fill: {reason}"))),
    }
}

fn judge(row: &Row, answer: &Answer) -> anyhow::Result<Sent> {
    let verdict = match answer.events {
        0 => Verdict::Repeated,
        EVENTS_OF_WHOLE_FILL.. if answer.repeated => Verdict::Repeated,
        EVENTS_OF_WHOLE_FILL.. => Verdict::Imported,
        _ => {
            let reason = "fill: the trade was filled or closed before, the platform raised a break";
            return Ok(Sent::rejected(reason.to_owned()));
        }
    };
    let filled = match &answer.position {
        Some(token) => Some(Filled {
            at: PositionToken::from_str(token)?,
            position: row.position(),
        }),
        None => None,
    };
    Ok(Sent { verdict, filled })
}
