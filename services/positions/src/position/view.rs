//! The position as it is read.

use std::collections::{BTreeMap, VecDeque};
use std::slice;
use std::sync::Arc;

use kernel::context::{Filter, Refold};
use kernel::decimal::Inexact;
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, Currency, Decimal, EventMeta, Parameters, Timestamp, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::effect::{Increase, Reduction, Totals};
use crate::lots::execution::{Execution, money};
use crate::lots::fees;
use crate::lots::lot::{Lot, Match};
use crate::lots::restated::find;
use crate::lots::share::share;
use crate::lots::split::{Split, SplitId};
use crate::lots::terms::{LotMethod, Terms};

use super::aggregate::Position;
use super::alternative::AlternativeView;
use super::break_view::BreakView;
use super::event::{Cause, PositionEvent, Restatement};
use super::refusal_view::RefusalView;
use super::route;

/// Decimal places of the average price, which is for the eye only: the finest of a venue.
const AVERAGE_PRICE_PLACES: u32 = 9;

/// Breaks kept in view, the latest; all of them are in the events.
pub(super) const BREAKS_SHOWN_MAX: usize = 32;

/// A position and its open lots.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PositionView {
    pub account: String,
    pub book: String,
    pub instrument: String,
    /// Events so far.
    pub version: u64,
    /// Signed: negative when short.
    pub quantity: Decimal,
    /// Exact and signed; with the quantity it determines the average price.
    pub cost: Decimal,
    /// `cost / (quantity · multiplier)`, rounded; none when flat.
    pub average_price: Option<Decimal>,
    pub currency: Option<Currency>,
    pub multiplier: Decimal,
    pub lot_method: LotMethod,
    /// Oldest first. Their quantities add up to the position's, and so do their costs, but under
    /// AVERAGE, where no lot has a cost of its own.
    pub lots: Vec<Arc<Lot>>,
    pub realised_gross: Decimal,
    pub fees: Decimal,
    /// Fees in other currencies, which no other figure counts.
    pub other_fees: BTreeMap<Currency, Decimal>,
    /// Gross less fees; none in the far corner where that needs more than 77 digits.
    pub realised_net: Option<Decimal>,
    /// From the last opening out of flat; of the last closed one while the position is flat.
    pub cycle: CycleView,
    pub settled_quantity: Decimal,
    /// What was traded and not yet delivered.
    pub unsettled_quantity: Option<Decimal>,
    /// Those that are open.
    pub open_breaks: u64,
    /// Of these, the latest 32.
    pub breaks: VecDeque<BreakView>,
    /// Fills of trades that are not in the quantity, because they were refused here.
    pub refused_fills: u64,
    /// Of what was refused and not busted since, the latest 32.
    pub refusals: VecDeque<RefusalView>,
    /// Splits that wait for their day.
    pub announced_splits: Vec<Split>,
    pub updated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CycleView {
    /// 1, 2, 3 …
    pub number: u64,
    pub realised_gross: Decimal,
    pub fees: Decimal,
    pub realised_net: Option<Decimal>,
}

impl PositionView {
    /// What closing at `mark` would realise: `quantity · mark · multiplier − cost`.
    ///
    /// # Errors
    /// [`Inexact`] when it needs more digits than there are.
    pub fn unrealised(&self, mark: Decimal) -> Result<Decimal, Inexact> {
        money(self.quantity, mark, self.multiplier)?.minus(self.cost)
    }

    pub(crate) fn show(&mut self, totals: &Totals) {
        self.quantity = totals.quantity;
        self.cost = totals.cost;
        self.average_price = self.average_price();
        self.realised_gross = totals.realised_gross;
        self.fees = totals.fees;
        self.realised_net = totals.realised_gross.minus(totals.fees).ok();
        self.cycle = CycleView {
            number: totals.cycle.number,
            realised_gross: totals.cycle.realised_gross,
            fees: totals.cycle.fees,
            realised_net: totals.cycle.realised_gross.minus(totals.cycle.fees).ok(),
        };
        self.unsettled_quantity = self.quantity.minus(self.settled_quantity).ok();
    }

    fn average_price(&self) -> Option<Decimal> {
        let units = self.quantity.times(self.multiplier).ok()?;
        share(self.cost, Decimal::ONE, units, AVERAGE_PRICE_PLACES).ok()
    }

    fn named(&mut self, meta: &EventMeta) {
        let mut parts = meta.aggregate.as_str().splitn(3, '/').map(str::to_owned);
        self.account = parts.next().unwrap_or_default();
        self.book = parts.next().unwrap_or_default();
        self.instrument = parts.next().unwrap_or_default();
    }

    fn established(&mut self, terms: &Terms) {
        self.currency = Some(terms.currency.clone());
        self.multiplier = terms.multiplier;
        self.lot_method = terms.lot_method;
    }

    fn increased(&mut self, increase: &Increase) {
        self.lots.push(increase.lot(self.lot_method).into());
        self.show(&increase.after);
        // The opening part of a flip is of the execution that its closing part has counted.
        if increase.quantity.abs() == increase.execution.quantity {
            self.charge(&increase.execution);
        }
    }

    fn reduced(&mut self, reduction: &Reduction) {
        for matched in &reduction.matched {
            self.reduce(matched);
        }
        self.lots.retain(|lot| !lot.quantity.is_zero());
        self.show(&reduction.after);
        self.charge(&reduction.execution);
    }

    /// Leaves a used-up lot at zero: a caller that reduces several removes them in one pass.
    fn reduce(&mut self, matched: &Match) {
        let Ok(place) = find(&self.lots, matched.place()) else {
            return;
        };
        let lot = Arc::make_mut(&mut self.lots[place]);
        let left = matched.left.as_ref();
        lot.quantity = left.map_or(Decimal::ZERO, |left| left.quantity);
        lot.cost = left.and_then(|left| left.cost);
    }

    /// A sum beyond every digit is not shown rather than shown rounded.
    fn charge(&mut self, execution: &Execution) {
        if let Some((currency, fee)) = execution.other_fee()
            && fees::add(&mut self.other_fees, currency, fee).is_err()
        {
            self.other_fees.remove(currency);
        }
    }

    fn restated(&mut self, restatement: &Restatement) {
        if let Some(fees) = &restatement.other_fees {
            self.other_fees.clone_from(fees);
        }
        let chosen = match restatement.cause {
            Cause::LotMethodChanged { lot_method } => Some(lot_method),
            _ => restatement.lot_method,
        };
        if let Some(lot_method) = chosen {
            self.lot_method = lot_method;
        }
        match &restatement.cause {
            Cause::LateSplit(split) => self.forget_split(&split.split_id),
            Cause::SplitWithdrawn { split_id } => self.forget_split(split_id),
            _ => {}
        }
        restatement.lots.apply(&mut self.lots);
        self.show(&restatement.after);
    }

    fn forget_split(&mut self, split_id: &SplitId) {
        self.announced_splits
            .retain(|split| split.split_id != *split_id);
    }
}

/// What `?breaks=` asks for.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Breaks {
    Open,
}

fn bad(name: &'static str, reason: impl ToString) -> BadParameter {
    BadParameter {
        name,
        reason: reason.to_string(),
    }
}

impl View for PositionView {
    type Of = Position;
    const NAME: &'static str = "position";
    const VERSION: u16 = 3;
    const ROUTE: ViewRoute = route::VIEW;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::of::<LotMethod>("method", "the same executions under another lot method"),
        Parameter::of::<Decimal>("mark", "adds the unrealised profit at that price"),
    ];
    const FILTERS: &'static [Parameter] = &[
        Parameter::of::<String>("account", "those of the account"),
        Parameter::of::<String>("book", "those of the book"),
        Parameter::of::<String>("instrument", "those of the instrument"),
        Parameter::of::<Breaks>("breaks", "those with a break that nothing settled"),
    ];

    const INDEXED: &'static [&'static str] = &["account", "instrument", "book"];

    /// `?method=LIFO`: the same executions under another lot method.
    fn refold(parameters: &Parameters) -> Result<Option<Box<dyn Refold<Self>>>, BadParameter> {
        let Some(method) = parameters.read::<LotMethod>("method")? else {
            return Ok(None);
        };
        Ok(Some(Box::new(AlternativeView::new(method))))
    }

    /// `?account=`, `?book=`, `?instrument=`, `?breaks=open`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let asked = parameters.among(&["account", "book", "instrument"]);
        let breaks = parameters.read::<Breaks>("breaks")?;
        if asked.is_empty() && breaks.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |view| {
            let listed = breaks.is_none_or(|Breaks::Open| view.has_open_breaks());
            listed
                && asked.iter().all(|(name, text)| match *name {
                    "account" => view.account == **text,
                    "book" => view.book == **text,
                    _ => view.instrument == **text,
                })
        })))
    }

    fn indexed(&self, note: &mut dyn FnMut(&'static str, &str)) {
        note("account", &self.account);
        note("instrument", &self.instrument);
        note("book", &self.book);
    }

    /// `?mark=181.50`: the unrealised profit at that price.
    fn beside(&self, parameters: &Parameters) -> Result<Vec<(&'static str, String)>, BadParameter> {
        let Some(text) = parameters.get("mark") else {
            return Ok(Vec::new());
        };
        let mark: Decimal = text.parse().map_err(|error| bad("mark", error))?;
        let unrealised = self.unrealised(mark).map_err(|error| bad("mark", error))?;
        Ok(vec![
            ("mark", mark.to_string()),
            ("unrealised", unrealised.to_string()),
        ])
    }

    fn update(&mut self, meta: &EventMeta, event: &PositionEvent) {
        if self.version == 0 {
            self.named(meta);
        }
        self.version = meta.sequence;
        self.updated_at = Some(meta.at);
        match event {
            PositionEvent::PositionEstablished(terms) => self.established(terms),
            PositionEvent::PositionOpened(increase)
            | PositionEvent::PositionIncreased(increase) => {
                self.increased(increase);
            }
            PositionEvent::PositionReduced(reduction)
            | PositionEvent::PositionClosed(reduction) => {
                self.reduced(reduction);
            }
            PositionEvent::PositionRestated(restatement) => {
                self.restated(restatement);
                self.raise(meta, &restatement.breaks);
                self.close(&restatement.closed_breaks);
            }
            PositionEvent::SplitApplied(effect) => {
                self.lots.clone_from(&effect.lots_after);
                self.show(&effect.after);
                self.forget_split(&effect.split.split_id);
            }
            PositionEvent::SplitAnnounced(split) => self.announced_splits.push(split.clone()),
            PositionEvent::SplitWithdrawn { split_id } => self.forget_split(split_id),
            PositionEvent::BreakSettled(settled) => self.close(slice::from_ref(&settled.settled)),
            PositionEvent::SettlementRecorded(settlement) => {
                self.settled_quantity = settlement.settled_after;
                self.unsettled_quantity = self.quantity.minus(self.settled_quantity).ok();
            }
            PositionEvent::FillRefused(refused) => self.refused(meta, refused),
            PositionEvent::RefusalWithdrawn(fill) => self.withdrawn(fill),
        }
    }
}
