//! What the platform knows: one line per context, view and reaction.

use pipeline::Slices;
use positions::{FillsToPositions, Position, PositionView};
use trades::{Trade, TradeView};

pub(crate) fn all() -> Slices {
    Slices::default()
        .context::<Trade>()
        .view::<TradeView>()
        .context::<Position>()
        .view::<PositionView>()
        .reaction(FillsToPositions)
}
