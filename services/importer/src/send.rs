//! One order: booked, and once that is known, filled.

use kernel::LogPosition;
use trades::{ExecId, TradeId};

use super::api::{Answer, Api, Command};
use super::order::Order;
use super::source::Line;

/// Events of the fill that fills a trade whole: that of the fill, and that it is executed now.
const EVENTS_OF_WHOLE_FILL: u32 = 2;

const STRAY: &str = "fill: the trade was filled or closed before, the platform raised a break";

/// The outcome of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Imported,
    /// It was there already.
    Repeated,
    Rejected(String),
}

/// A row that was answered.
pub(super) struct Row {
    pub(super) line: Line,
    pub(super) exec_id: ExecId,
    pub(super) verdict: Verdict,
}

/// An order that was sent; whether its position takes the fills is not known yet.
pub(super) struct Sent {
    pub(super) trade_id: TradeId,
    /// Account, book and instrument.
    pub(super) position: [String; 3],
    /// Behind the last fill that the trade took.
    pub(super) filled: Option<LogPosition>,
    pub(super) rows: Vec<Row>,
}

/// Sends booking and fills, one after the other. The fills wait for the booking's outcome: after a
/// rejection they would fill another party's trade of that id.
pub(super) async fn send(api: &Api, order: Order) -> anyhow::Result<Sent> {
    let booking = Command {
        path: &["v1", "trades"],
        body: order.booking()?,
    };
    let booked = api.command(booking).await?;
    let mut sent = Sent {
        trade_id: order.trade_id().clone(),
        position: order.position(),
        filled: None,
        rows: Vec::with_capacity(order.rows.len()),
    };
    let mut is_plain = order.rows.len() == 1;
    for (line, row) in order.rows {
        let verdict = match &booked {
            Err(reason) => Verdict::Rejected(format!("booking: {reason}")),
            Ok(_) => match fill(api, &sent.trade_id, &row.fill).await? {
                Err(reason) => Verdict::Rejected(format!("fill: {reason}")),
                Ok(answer) => {
                    is_plain &= answer.events == EVENTS_OF_WHOLE_FILL;
                    sent.taken(answer)
                }
            },
        };
        sent.rows.push(Row {
            line,
            exec_id: row.fill.exec_id,
            verdict,
        });
    }
    if !is_plain {
        sent.look_for_strays(api).await?;
    }
    Ok(sent)
}

async fn fill(
    api: &Api,
    trade_id: &TradeId,
    fill: &trades::RecordFill,
) -> anyhow::Result<Result<Answer, String>> {
    let fill = Command {
        path: &["v1", "trades", trade_id.as_str(), "fills"],
        body: serde_json::to_vec(fill)?,
    };
    api.command(fill).await
}

impl Sent {
    /// The rows that no position gets.
    pub(super) fn take_rejected(&mut self) -> Vec<Row> {
        let rejected = |row: &mut Row| matches!(row.verdict, Verdict::Rejected(_));
        self.rows.extract_if(.., rejected).collect()
    }

    /// Rejects the rows for which there is a reason why the position does not have them.
    pub(super) fn refuse(&mut self, reason: impl Fn(&Row, &TradeId) -> Option<String>) {
        for row in &mut self.rows {
            if let Some(reason) = reason(row, &self.trade_id) {
                row.verdict = Verdict::Rejected(format!("position: {reason}"));
            }
        }
    }

    fn taken(&mut self, answer: Answer) -> Verdict {
        if answer.log_position.is_some() {
            self.filled = answer.log_position;
        }
        match answer.events {
            0 => Verdict::Repeated,
            _ => Verdict::Imported,
        }
    }

    /// A fill that the trade only keeps as a break is accepted, too.
    async fn look_for_strays(&mut self, api: &Api) -> anyhow::Result<()> {
        let Some(filled) = &self.filled else {
            return Ok(());
        };
        let trade = api.trade(&self.trade_id, filled).await?;
        for row in &mut self.rows {
            if !matches!(row.verdict, Verdict::Rejected(_)) && trade.strays(&row.exec_id) {
                row.verdict = Verdict::Rejected(STRAY.to_owned());
            }
        }
        Ok(())
    }
}
