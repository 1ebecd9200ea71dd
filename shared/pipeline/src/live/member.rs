//! Who a stream is for, and what it may be told.

use std::any::Any;
use std::cell::OnceCell;
use std::sync::Arc;

use kernel::Tenant;

use super::interest::{AnyValue, Interest};
use super::lane::Change;
use super::outbox::Outbox;
use super::token::Mask;

/// Whether the reader may see a value, by its key `{tenant}/{aggregate_id}` and its bytes.
pub type Sees = Arc<dyn Fn(&str, &[u8]) -> bool + Send + Sync>;

/// What a stream asks of one view.
#[derive(Default)]
pub struct Wish {
    /// What its parameters narrow the view to.
    pub interest: Interest,
    /// Asked before each value is sent; `None` where the reader may see all of the view.
    pub sees: Option<Sees>,
}

impl Wish {
    /// Whether the reader may see the value that was made.
    pub(super) fn shows(&self, change: &Change) -> bool {
        let mut sees = self.sees.iter();
        sees.all(|sees| sees(&change.key, &change.body))
    }
}

/// One stream, as the hub knows it.
pub(super) struct Member {
    pub(super) tenant: Tenant,
    pub(super) mask: Mask,
    /// By the number of the view.
    wishes: Vec<(usize, Wish)>,
    pub(super) outbox: Outbox,
}

impl Member {
    pub(super) fn new(tenant: Tenant, wishes: Vec<(usize, Wish)>) -> Self {
        let views = wishes.iter().map(|(view, _)| *view);
        Self {
            tenant,
            mask: views.fold(Mask::default(), Mask::with),
            wishes,
            outbox: Outbox::default(),
        }
    }

    pub(super) fn wish(&self, view: usize) -> Option<&Wish> {
        let mut wishes = self.wishes.iter();
        wishes.find(|(of, _)| *of == view).map(|(_, wish)| wish)
    }

    /// Whether it can want the change, by all that is known without looking at the value.
    pub(super) fn may_want(&self, view: usize, change: &Change) -> bool {
        let facet = self.wish(view).map(|wish| wish.interest.facet);
        change.tenant() == self.tenant.as_str()
            && facet.is_some_and(|facet| facet.is_none_or(|facet| change.facets.contains(&facet)))
    }
}

/// A change as it is compared with wishes: its values are decoded once, and only if a filter asks.
pub(super) struct Judged<'c> {
    change: &'c Change,
    decode: fn(&[u8]) -> Option<AnyValue>,
    /// The value after the change, where it is at hand.
    value: Option<&'c dyn Any>,
    after: OnceCell<Option<AnyValue>>,
    before: OnceCell<Option<AnyValue>>,
}

impl<'c> Judged<'c> {
    pub(super) fn new(
        change: &'c Change,
        value: Option<&'c dyn Any>,
        decode: fn(&[u8]) -> Option<AnyValue>,
    ) -> Self {
        Self {
            change,
            decode,
            value,
            after: OnceCell::new(),
            before: OnceCell::new(),
        }
    }

    /// A value that no longer is what the stream asks for is told once more, so that its reader can take
    /// it off a list.
    pub(super) fn fits(&self, wish: &Wish) -> bool {
        let interest = &wish.interest;
        if interest.is_narrow() {
            let is = self.after().is_some_and(|value| interest.wants(value));
            let was = || self.before().is_some_and(|value| interest.wants(value));
            if !is && !was() {
                return false;
            }
        }
        wish.shows(self.change)
    }

    fn after(&self) -> Option<&dyn Any> {
        if self.value.is_some() {
            return self.value;
        }
        let after = self.after.get_or_init(|| (self.decode)(&self.change.body));
        after.as_ref().map(|value| &**value as &dyn Any)
    }

    fn before(&self) -> Option<&dyn Any> {
        let before = self.before.get_or_init(|| {
            let before = self.change.before.as_ref()?;
            (self.decode)(before)
        });
        before.as_ref().map(|value| &**value as &dyn Any)
    }
}
