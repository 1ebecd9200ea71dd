//! What was agreed.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::{Currency, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::amount::{Multiplier, Price, Quantity};
use super::label::{Account, Book, ExecId, Instrument, TradeId};

/// The economics of a trade as they stand in its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub side: Side,
    pub quantity: Quantity,
    /// What was agreed or asked for; each fill brings the price it was done at.
    pub price: Price,
    pub currency: Currency,
    pub multiplier: Multiplier,
    /// When the parties agreed, as they say; not when we heard of it.
    pub traded_at: Timestamp,
    pub lot_method: LotMethod,
}

/// Which way the account goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    Buy,
    Sell,
}

/// How the account's position picks the lots that a reducing fill closes. The trade only carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LotMethod {
    #[default]
    Fifo,
    Lifo,
    Hifo,
    SpecId,
    Average,
}

/// The lots a fill is to close, for [`LotMethod::SpecId`]. The trade passes them on unchanged; the
/// position checks that they exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LotPick>")]
pub struct LotSelection(Arc<[LotPick]>);

/// So much of the lot that an earlier fill opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LotPick {
    pub exec_id: ExecId,
    /// The trade of that fill; without it, the id must be that of one open lot only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub quantity: Quantity,
}

/// Why lots are no selection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSelection {
    #[error("a fill names at most {LOTS_MAX} lots")]
    TooManyLots,
    #[error("lot {0} is named twice")]
    NamedTwice(ExecId),
}

/// Lots per fill: keeps one fill in memory below 4 KiB.
const LOTS_MAX: usize = 100;

impl TryFrom<Vec<LotPick>> for LotSelection {
    type Error = BadSelection;

    fn try_from(picks: Vec<LotPick>) -> Result<Self, BadSelection> {
        if picks.len() > LOTS_MAX {
            return Err(BadSelection::TooManyLots);
        }
        let mut named = BTreeSet::new();
        match picks
            .iter()
            .find(|pick| !named.insert((&pick.exec_id, &pick.trade_id)))
        {
            Some(twice) => Err(BadSelection::NamedTwice(twice.exec_id.clone())),
            None => Ok(Self(picks.into())),
        }
    }
}

impl JsonSchema for LotSelection {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LotSelection".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Vec::<LotPick>::json_schema(generator);
        schema.insert("maxItems".to_owned(), LOTS_MAX.into());
        schema
    }
}
