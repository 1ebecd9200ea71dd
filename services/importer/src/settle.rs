//! Waiting until the positions show what was sent to them, and what of it they refused.
//!
//! A position that shows the last fill of a partition of trades shows all fills before it.

use std::collections::HashMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kernel::LogPosition;

use super::api::Api;
use super::send::{Row, Sent};

/// Questions under way at once: what the gateway looks up at the same time.
const ASKED_AT_ONCE: usize = 16;

/// What is on its way, by position.
#[derive(Default)]
pub(super) struct Settling(HashMap<[String; 3], Moved>);

#[derive(Default)]
struct Moved {
    /// Behind the last fill of each partition of trades.
    last: HashMap<u16, LogPosition>,
    orders: Vec<Sent>,
}

impl Settling {
    pub(super) fn note(&mut self, sent: Sent) {
        let moved = self.0.entry(sent.position.clone()).or_default();
        if let Some(filled) = &sent.filled {
            let last = moved.last.entry(filled.partition);
            last.and_modify(|last| {
                if last.log_position < filled.log_position {
                    *last = filled.clone();
                }
            })
            .or_insert_with(|| filled.clone());
        }
        moved.orders.push(sent);
    }

    /// The rows as far as they were answered, when the effect on the positions is unknown.
    pub(super) fn answered(self) -> Vec<Row> {
        let orders = self.0.into_values().flat_map(|moved| moved.orders);
        orders.flat_map(|sent| sent.rows).collect()
    }

    /// The rows, once every position can be read with all the fills in it that it took.
    pub(super) async fn settled(self, api: &Api) -> anyhow::Result<Vec<Row>> {
        let settled = stream::iter(self.0)
            .map(|(position, moved)| moved.settled(api, position))
            .buffer_unordered(ASKED_AT_ONCE);
        let rows: Vec<_> = settled.try_collect().await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

impl Moved {
    async fn settled(mut self, api: &Api, position: [String; 3]) -> anyhow::Result<Vec<Row>> {
        let mut shown = None;
        for last in self.last.values() {
            shown = Some(api.position(&position, last).await?);
        }
        if let Some((shown, place)) = shown {
            for sent in &mut self.orders {
                sent.refuse(|row, trade| shown.refusal(trade, &row.exec_id));
            }
            if !shown.is_whole() {
                self.orders = asked(api, self.orders, &place).await?;
            }
        }
        Ok(self.orders.into_iter().flat_map(|sent| sent.rows).collect())
    }
}

/// The orders as their trades know them, each of which has all refusals of the position.
async fn asked(api: &Api, orders: Vec<Sent>, place: &LogPosition) -> anyhow::Result<Vec<Sent>> {
    let asked = stream::iter(orders).map(|mut sent| async move {
        let trade = api.trade(&sent.trade_id, place).await?;
        sent.refuse(|row, _| trade.refusal(&row.exec_id));
        anyhow::Ok(sent)
    });
    asked.buffer_unordered(ASKED_AT_ONCE).try_collect().await
}
