//! What a position is fixed to by its first fill.

use kernel::{Currency, Decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which open lots a reducing fill consumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LotMethod {
    /// The oldest first: by time, then as the source numbered them, then as they were reported.
    #[default]
    Fifo,
    /// The youngest first.
    Lifo,
    /// The highest price first, in a long and in a short position alike; of equal prices the oldest.
    Hifo,
    /// The lots that the fill names, then the oldest (the tax default where nothing is named).
    #[serde(rename = "SPECID")]
    SpecId,
    /// All lots share one cost in proportion to their quantity; the oldest lose quantity first,
    /// which keeps the acquisition dates of what is left.
    Average,
}

impl LotMethod {
    pub const ALL: [Self; 5] = [
        Self::Fifo,
        Self::Lifo,
        Self::Hifo,
        Self::SpecId,
        Self::Average,
    ];
}

/// The terms of a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    pub currency: Currency,
    /// Money per unit of quantity and of price: 1 for a share, 100 for a listed option.
    pub multiplier: Decimal,
    pub lot_method: LotMethod,
}

/// Decimal places of a currency's minor unit (ISO 4217, list one of 2025).
pub(crate) fn minor_places(currency: &Currency) -> u32 {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}
