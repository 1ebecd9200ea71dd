//! A trade as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, Decimal, EventMeta, Facts, Parameters, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Trade;
use super::command::TradeCommand;
use super::event::{FillRecorded, TradeBooked, TradeEvent};
use super::facts;
use super::label::{Account, Book, ExecId, Instrument};
use super::progress::Progress;
use super::route;
use super::stage::TradeState;
use super::summary::{
    AllocStatus, BreakKind, ConfirmStatus, FillStatus, FillView, SettleStatus, TradeSummary,
};
use super::terms::Terms;

/// The body of a query's answer; `null` before the trade is booked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TradeView(pub Option<TradeSummary>);

/// Places of a price, and so of an average of prices.
const AVERAGE_PLACES: u32 = 9;

/// What `?breaks=` asks for.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Breaks {
    Open,
}

impl View for TradeView {
    type Of = Trade;
    const NAME: &'static str = "trade";
    const VERSION: u16 = 2;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] = &[
        Parameter::of::<Account>("account", "those of the account"),
        Parameter::of::<Book>("book", "those of the book"),
        Parameter::of::<Instrument>("instrument", "those of the instrument"),
        Parameter::of::<TradeState>("state", "those in the state"),
        Parameter::of::<Breaks>("breaks", "those with a break that nothing settled"),
    ];

    const INDEXED: &'static [&'static str] = &["account", "instrument", "book"];

    const HAS_FACTS: bool = true;

    fn facts(&self, command: Option<&TradeCommand>) -> Facts {
        let trade = self.0.as_ref();
        trade.map_or_else(Facts::default, |trade| facts::stored(trade, command))
    }

    /// `?account=`, `?book=`, `?instrument=`, `?state=Booked`, `?breaks=open`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let asked = parameters.among(&["account", "book", "instrument"]);
        let state = parameters.read::<TradeState>("state")?;
        let breaks = parameters.read::<Breaks>("breaks")?;
        if asked.is_empty() && state.is_none() && breaks.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |Self(trade)| {
            trade.as_ref().is_some_and(|trade| {
                state.is_none_or(|state| trade.state == state)
                    && breaks.is_none_or(|Breaks::Open| trade.has_open_breaks())
                    && asked.iter().all(|(name, text)| trade.is(name, text))
            })
        })))
    }

    fn indexed(&self, note: &mut dyn FnMut(&'static str, &str)) {
        if let Self(Some(trade)) = self {
            note("account", trade.account.as_str());
            note("instrument", trade.instrument.as_str());
            note("book", trade.book.as_str());
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &TradeEvent) {
        match (&mut self.0, event) {
            (trade, TradeEvent::TradeBooked(booked)) => {
                *trade = Some(TradeSummary::new(meta, booked));
            }
            (Some(trade), event) => {
                trade.version = meta.sequence;
                trade.update(event, meta.at);
            }
            // The first event of a trade is its booking.
            (None, _) => {}
        }
    }
}

impl TradeSummary {
    fn new(meta: &EventMeta, booked: &TradeBooked) -> Self {
        let terms = booked.terms.clone();
        Self {
            trade_id: booked.trade_id.clone(),
            state: TradeState::Booked,
            version: meta.sequence,
            account: terms.account,
            book: terms.book,
            instrument: terms.instrument,
            side: terms.side,
            ordered_quantity: terms.quantity.get(),
            cancelled: false,
            quantity: terms.quantity.get(),
            price: terms.price,
            currency: terms.currency,
            multiplier: terms.multiplier,
            traded_at: terms.traded_at,
            lot_method: terms.lot_method,
            cum_quantity: Decimal::ZERO,
            leaves_quantity: terms.quantity.get(),
            gross_amount: Some(Decimal::ZERO),
            average_price: None,
            fills: Vec::new(),
            breaks: Vec::new(),
            booked_by: booked.booked_by.clone(),
            alloc_status: AllocStatus::None,
            confirm_status: ConfirmStatus::None,
            settle_status: SettleStatus::None,
            correlation: meta.correlation.clone(),
        }
    }

    fn is(&self, name: &str, text: &str) -> bool {
        match name {
            "account" => self.account.as_str() == text,
            "book" => self.book.as_str() == text,
            _ => self.instrument.as_str() == text,
        }
    }

    fn update(&mut self, event: &TradeEvent, at: Timestamp) {
        match event {
            // A booking recreates the view; an execution is in the totals of the fill before it.
            TradeEvent::TradeBooked(_) | TradeEvent::TradeExecuted(_) => {}
            TradeEvent::TradeAmended(amended) => self.amend(&amended.terms),
            TradeEvent::TradeCancelled(_) | TradeEvent::RemainderCancelled(_) => {
                self.cancelled = true;
                self.total(self.cum_quantity);
            }
            TradeEvent::FillRecorded(fill) => self.record(fill),
            TradeEvent::FillCorrected(fill) => {
                self.restate(&fill.exec_id, |shown| {
                    shown.quantity = fill.quantity;
                    shown.price = fill.price;
                    shown.fee = fill.fee;
                    shown.status = FillStatus::Corrected;
                });
                self.total(fill.cum_quantity);
            }
            TradeEvent::FillBusted(fill) => {
                self.restate(&fill.exec_id, |shown| shown.status = FillStatus::Busted);
                self.resolve(&fill.exec_id, |_| true);
                self.total(fill.cum_quantity);
            }
            TradeEvent::OverfillRaised(stray) => self.raise(BreakKind::Overfill, stray, at),
            TradeEvent::UnmatchedFill(stray) => self.raise(BreakKind::Unmatched, stray, at),
            TradeEvent::PositionRefused(refused) => self.refused(refused, at),
            TradeEvent::FillResubmitted(again) => self.resolve(&again.fill.exec_id, |_| true),
            TradeEvent::BreakSettled(settled) => self.settled(settled),
        }
    }

    fn amend(&mut self, terms: &Terms) {
        let terms = terms.clone();
        self.account = terms.account;
        self.book = terms.book;
        self.instrument = terms.instrument;
        self.side = terms.side;
        self.ordered_quantity = terms.quantity.get();
        self.price = terms.price;
        self.currency = terms.currency;
        self.multiplier = terms.multiplier;
        self.traded_at = terms.traded_at;
        self.lot_method = terms.lot_method;
        self.total(self.cum_quantity);
    }

    fn record(&mut self, fill: &FillRecorded) {
        let version = self.version;
        self.resolve(&fill.exec_id, |found| found.refusal.is_none());
        let shown = FillView {
            exec_id: fill.exec_id.clone(),
            quantity: fill.quantity,
            price: fill.price,
            fee: fill.fee,
            fee_currency: fill.fee_currency.clone(),
            traded_at: fill.traded_at,
            status: FillStatus::Effective,
            version,
        };
        self.gross_amount = plus(self.gross_amount, shown.amount());
        self.fills.push(shown);
        self.total(fill.cum_quantity);
    }

    fn restate(&mut self, exec_id: &ExecId, change: impl FnOnce(&mut FillView)) {
        // Most corrections are of what has just been recorded.
        let Some(shown) = self.fills.iter_mut().rfind(|fill| fill.exec_id == *exec_id) else {
            return;
        };
        let before = shown.amount();
        change(shown);
        shown.version = self.version;
        let after = shown.amount();
        self.gross_amount = plus(self.gross_amount, before.map(Decimal::negated));
        self.gross_amount = plus(self.gross_amount, after);
    }

    /// Derives the state from what is filled and cancelled.
    fn total(&mut self, cum: Decimal) {
        self.cum_quantity = cum;
        self.average_price = self
            .gross_amount
            .and_then(|gross| gross.over(cum, AVERAGE_PLACES).ok());
        let progress = Progress::of(self.ordered_quantity, cum, self.cancelled);
        self.quantity = progress.quantity;
        self.leaves_quantity = progress.leaves;
        self.state = progress.state;
    }
}

impl FillView {
    /// What it adds to the gross amount; nothing once it is busted.
    fn amount(&self) -> Option<Decimal> {
        match self.status {
            FillStatus::Effective | FillStatus::Corrected => {
                self.quantity.get().times(self.price.get()).ok()
            }
            FillStatus::Busted => Some(Decimal::ZERO),
        }
    }
}

fn plus(left: Option<Decimal>, right: Option<Decimal>) -> Option<Decimal> {
    left?.plus(right?).ok()
}
