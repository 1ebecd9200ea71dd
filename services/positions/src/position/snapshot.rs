//! The stored form of a position's state: the facts without what can be derived from them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Decimal;
use serde::{Deserialize, Serialize};

use crate::lots::effect::Totals;
use crate::lots::execution::{ExecId, Execution};
use crate::lots::holding::Holding;
use crate::lots::lot::Lot;
use crate::lots::terms::Terms;
use crate::lots::timeline::{Entry, Timeline};

use super::command::SettlementId;
use super::refusal::Refusals;
use super::traded::Traded;

/// Borrowed when written, owned when read.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored<'a> {
    terms: Cow<'a, Terms>,
    totals: Totals,
    lots: Vec<Arc<Lot>>,
    entries: Cow<'a, [Entry]>,
    busted: Cow<'a, BTreeMap<ExecId, Execution>>,
    corrected: Cow<'a, BTreeMap<ExecId, Execution>>,
    settled: Decimal,
    settlements: Cow<'a, BTreeMap<SettlementId, Decimal>>,
    refusals: Cow<'a, Refusals>,
}

pub(super) type Snapshot = Stored<'static>;

impl<'a> From<&'a Traded> for Stored<'a> {
    fn from(traded: &'a Traded) -> Self {
        Self {
            terms: Cow::Borrowed(&traded.holding.terms),
            totals: traded.holding.totals,
            lots: traded.holding.lots.by_age(),
            entries: Cow::Borrowed(traded.timeline.entries()),
            busted: Cow::Borrowed(&traded.busted),
            corrected: Cow::Borrowed(&traded.corrected),
            settled: traded.settled,
            settlements: Cow::Borrowed(&traded.settlements),
            refusals: Cow::Borrowed(&traded.refusals),
        }
    }
}

impl From<Snapshot> for Traded {
    fn from(stored: Snapshot) -> Self {
        let terms = stored.terms.into_owned();
        let timeline = Timeline::of(stored.entries.into_owned(), &terms);
        let mut holding = Holding::new(terms);
        holding.replace(stored.totals, &stored.lots);
        Self {
            holding,
            timeline,
            busted: stored.busted.into_owned(),
            corrected: stored.corrected.into_owned(),
            settled: stored.settled,
            settlements: stored.settlements.into_owned(),
            refusals: stored.refusals.into_owned(),
        }
    }
}
