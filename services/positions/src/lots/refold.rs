//! A changed past, folded again.

use std::collections::BTreeSet;
use std::iter::once;

use kernel::decimal::Inexact;

use super::breaks::{Break, Watch};
use super::holding::Holding;
use super::terms::Terms;
use super::timeline::{Edit, Entry, Timeline};

/// A change of the past, and what it is measured against.
pub(crate) struct Change<'a> {
    pub(crate) edit: &'a Edit,
    pub(crate) was: &'a Terms,
    pub(crate) now: &'a Terms,
    /// Breaks that are open until now.
    pub(crate) open: &'a BTreeSet<Break>,
    /// Whether something that was reported is taken back by it.
    pub(crate) takes_back: bool,
}

/// The fold of a changed past.
pub(crate) struct Refolded {
    /// The first entry that it could touch.
    pub(crate) from: usize,
    pub(crate) holding: Holding,
    pub(crate) raised: Vec<Break>,
    pub(crate) closed: Vec<Break>,
    /// Whether the entry that came in got the lots it names.
    pub(crate) selection_heeded: bool,
}

/// What an entry is in one past.
pub(super) struct Step {
    pub(super) opens: bool,
    pub(super) selection_heeded: bool,
}

/// The past as it was and as it is, folded side by side.
struct Pasts<'a> {
    was: Holding,
    now: Holding,
    watch: Watch<'a>,
}

impl Timeline {
    /// The fold as it would be with the change, and what turned out differently after it.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn refold(&self, change: &Change<'_>) -> Result<Refolded, Inexact> {
        let edit = change.edit;
        let same_terms = change.was == change.now;
        let from = if same_terms { edit.at } else { 0 };
        let was = self.before(from, change.was)?;
        let now = if same_terms {
            was.clone()
        } else {
            Holding::new(change.now.clone())
        };
        let watch = Watch::new(change.open, change.takes_back);
        let mut pasts = Pasts { was, now, watch };
        let (kept, changed) = self.entries()[from..].split_at(edit.at - from);
        let (removed, rest) = changed.split_at(usize::from(edit.remove));
        pasts.follow(kept)?;
        let selection_heeded = pasts.replace(removed.first(), edit.insert.as_ref())?;
        pasts.follow(rest)?;
        Ok(Refolded {
            from,
            holding: pasts.now,
            raised: pasts.watch.raised,
            closed: pasts.watch.closed,
            selection_heeded,
        })
    }
}

impl Pasts<'_> {
    /// Folds the same entries into both.
    fn follow(&mut self, entries: &[Entry]) -> Result<(), Inexact> {
        for entry in entries {
            let (before, after) = (self.was.step(entry)?, self.now.step(entry)?);
            self.watch.compare(entry, &before, &after);
        }
        Ok(())
    }

    fn replace(&mut self, removed: Option<&Entry>, put: Option<&Entry>) -> Result<bool, Inexact> {
        let before = removed.map(|entry| self.was.step(entry)).transpose()?;
        let after = put.map(|entry| self.now.step(entry)).transpose()?;
        match (removed, &before, put, &after) {
            (_, Some(before), Some(entry), Some(after)) => {
                self.watch.compare(entry, before, after);
            }
            (Some(removed), _, None, _) => self.watch.gone(removed),
            _ => {}
        }
        Ok(after.is_none_or(|step| step.selection_heeded))
    }
}

impl Holding {
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(super) fn step(&mut self, entry: &Entry) -> Result<Step, Inexact> {
        match entry {
            Entry::Fill(execution) => {
                let effects = self.effects(execution)?;
                for effect in once(&effects.first).chain(&effects.second) {
                    self.take(effect);
                }
                let opens = effects.opens();
                Ok(Step {
                    opens,
                    selection_heeded: effects.selection_heeded,
                })
            }
            Entry::Split(split) => {
                let effect = self.split_effect(split)?;
                self.take_split(&effect);
                Ok(Step {
                    opens: false,
                    selection_heeded: true,
                })
            }
        }
    }
}
