//! The stored form of a position's state: the facts without what can be derived from them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Decimal;
use serde::{Deserialize, Serialize};

use crate::lots::breaks::Break;
use crate::lots::effect::Totals;
use crate::lots::execution::Execution;
use crate::lots::holding::Holding;
use crate::lots::lot::Lot;
use crate::lots::split::Split;
use crate::lots::terms::Terms;
use crate::lots::timeline::{Entry, Timeline};

use super::command::SettlementId;
use super::refusal::Refusals;
use super::traded::{Busted, Traded};

/// Borrowed when written, owned when read.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored<'a> {
    terms: Cow<'a, Terms>,
    totals: Totals,
    lots: Vec<Arc<Lot>>,
    entries: Cow<'a, [Entry]>,
    busted: Vec<Cow<'a, Busted>>,
    corrected: Vec<Cow<'a, Execution>>,
    method_chosen: bool,
    announced: Vec<Cow<'a, Split>>,
    open_breaks: Cow<'a, BTreeSet<Break>>,
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
            busted: traded.busted.values().map(Cow::Borrowed).collect(),
            corrected: traded.corrected.values().map(Cow::Borrowed).collect(),
            method_chosen: traded.method_chosen,
            announced: traded.announced.values().map(Cow::Borrowed).collect(),
            open_breaks: Cow::Borrowed(&traded.open_breaks),
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
            busted: named(stored.busted, |busted| busted.reported.name()),
            corrected: named(stored.corrected, Execution::name),
            method_chosen: stored.method_chosen,
            announced: named(stored.announced, |split| split.split_id.clone()),
            open_breaks: stored.open_breaks.into_owned(),
            settled: stored.settled,
            settlements: stored.settlements.into_owned(),
            refusals: stored.refusals.into_owned(),
        }
    }
}

fn named<K: Ord, T: Clone>(all: Vec<Cow<'_, T>>, name: impl Fn(&T) -> K) -> BTreeMap<K, T> {
    let owned = all.into_iter().map(Cow::into_owned);
    owned.map(|one| (name(&one), one)).collect()
}
