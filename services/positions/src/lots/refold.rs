//! A changed past, folded again.

use std::iter::once;

use kernel::decimal::Inexact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution::ExecId;
use super::holding::Holding;
use super::terms::Terms;
use super::timeline::{Edit, Entry, Timeline};

/// Breaks that one change of the past raises at most; whoever looks at the first sees the rest.
pub(crate) const BREAKS_MAX: usize = 16;

/// What someone should look at after a change of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Break {
    pub exec_id: ExecId,
    pub kind: BreakKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BreakKind {
    /// A fill that only reduced the position now opens one, such as a sell that became a short.
    SideTurned,
    /// The lots that a fill had chosen are no longer open as chosen; the oldest took their place.
    SelectionLost,
}

/// The fold of a changed past.
pub(crate) struct Refolded {
    pub(crate) holding: Holding,
    pub(crate) breaks: Vec<Break>,
    /// Whether the entry that came in got the lots it names.
    pub(crate) selection_heeded: bool,
}

/// What an entry was, as far as a break is concerned.
pub(super) struct Step {
    opens: bool,
    selection_heeded: bool,
}

impl Timeline {
    /// The fold as it would be with `edit`, and what turned out differently after it.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn refold(&self, edit: &Edit, terms: &Terms) -> Result<Refolded, Inexact> {
        let mut was = self.before(edit.at, terms)?;
        let mut now = was.clone();
        let (removed, rest) = self.entries()[edit.at..].split_at(usize::from(edit.remove));
        let before = removed.first().map(|entry| was.step(entry)).transpose()?;
        let after = edit
            .insert
            .as_ref()
            .map(|entry| now.step(entry))
            .transpose()?;
        let selection_heeded = after.as_ref().is_none_or(|step| step.selection_heeded);
        let mut breaks = Vec::new();
        if let (Some(before), Some(after), Some(entry)) = (before, after, &edit.insert) {
            note(&mut breaks, entry, &before, &after);
        }
        follow(&mut was, &mut now, rest, &mut breaks)?;
        Ok(Refolded {
            holding: now,
            breaks,
            selection_heeded,
        })
    }

    /// The fold of all entries under other terms, and what turned out differently.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn refold_under(&self, was: &Terms, now: &Terms) -> Result<Refolded, Inexact> {
        let mut was = Holding::new(was.clone());
        let mut now = Holding::new(now.clone());
        let mut breaks = Vec::new();
        follow(&mut was, &mut now, self.entries(), &mut breaks)?;
        Ok(Refolded {
            holding: now,
            breaks,
            selection_heeded: true,
        })
    }
}

/// Folds the same entries into both and notes those that turned out differently.
fn follow(
    was: &mut Holding,
    now: &mut Holding,
    entries: &[Entry],
    breaks: &mut Vec<Break>,
) -> Result<(), Inexact> {
    for entry in entries {
        let (before, after) = (was.step(entry)?, now.step(entry)?);
        note(breaks, entry, &before, &after);
    }
    Ok(())
}

fn note(breaks: &mut Vec<Break>, entry: &Entry, before: &Step, after: &Step) {
    let Some(execution) = entry.execution() else {
        return;
    };
    let turned = (!before.opens && after.opens).then_some(BreakKind::SideTurned);
    let lost =
        (before.selection_heeded && !after.selection_heeded).then_some(BreakKind::SelectionLost);
    for kind in turned.into_iter().chain(lost) {
        if breaks.len() < BREAKS_MAX {
            breaks.push(Break {
                exec_id: execution.exec_id.clone(),
                kind,
            });
        }
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
