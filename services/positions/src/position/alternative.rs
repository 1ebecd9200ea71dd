//! The same position under another lot method, from the same events.

use cqrs_es::Aggregate;
use kernel::context::Refold;
use kernel::decimal::Inexact;
use kernel::{BadParameter, EventMeta, View};

use crate::lots::terms::LotMethod;

use super::aggregate::Position;
use super::event::PositionEvent;
use super::view::PositionView;

/// Reads a position's events and answers what it would be had it always used another method.
///
/// Executions, corrections, busts and splits are those of the events; where a fill names lots,
/// SPECID heeds them as far as they are open.
pub struct AlternativeView {
    method: LotMethod,
    position: Position,
    view: PositionView,
}

impl AlternativeView {
    #[must_use]
    pub fn new(method: LotMethod) -> Self {
        Self {
            method,
            position: Position::default(),
            view: PositionView::default(),
        }
    }

    /// Takes the next event of the position, from the first on.
    pub fn update(&mut self, meta: &EventMeta, event: PositionEvent) {
        self.view.update(meta, &event);
        self.position.apply(event);
    }

    /// The view under the other method; version and settlement are the position's own.
    ///
    /// # Errors
    /// [`Inexact`] when an amount under that method needs more digits than there are.
    pub fn finish(mut self) -> Result<PositionView, Inexact> {
        let Position::Traded(traded) = &self.position else {
            return Ok(self.view);
        };
        let holding = traded.under(self.method)?;
        self.view.lot_method = self.method;
        self.view.lots = holding.lots.by_age();
        self.view.show(&holding.totals);
        Ok(self.view)
    }
}

impl Refold<PositionView> for AlternativeView {
    fn update(&mut self, meta: &EventMeta, event: PositionEvent) {
        Self::update(self, meta, event);
    }

    fn finish(self: Box<Self>) -> Result<PositionView, BadParameter> {
        Self::finish(*self).map_err(|error| BadParameter {
            name: "method",
            reason: error.to_string(),
        })
    }
}
