//! The cells of a cube, by time. As with every part of the figures a copy shares what does not change.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cell::{Cell, Key};
use crate::interval::INTERVALS_OF_DAY;

/// By the day of the interval, so that a change after a copy clones a day's references.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells(BTreeMap<i64, Arc<BTreeMap<Key, Arc<Cell>>>>);

impl Cells {
    /// The cell of that key; a new one if there is none.
    pub(crate) fn at(&mut self, key: Key) -> &mut Cell {
        let day = self.0.entry(day_of(key.interval)).or_default();
        Arc::make_mut(Arc::make_mut(day).entry(key).or_default())
    }

    /// Those of the intervals from the first to before the second, in the order of their keys.
    pub(crate) fn within(&self, from: i64, to: i64) -> impl Iterator<Item = (&Key, &Cell)> {
        let days = (from < to).then(|| self.0.range(day_of(from)..=day_of(to)));
        days.into_iter().flatten().flat_map(move |(_, day)| {
            let cells = day.range(first_key(from)..first_key(to));
            cells.map(|(key, cell)| (key, &**cell))
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Cell)> {
        let days = self.0.values().flat_map(|day| day.iter());
        days.map(|(key, cell)| (key, &**cell))
    }
}

impl FromIterator<(Key, Cell)> for Cells {
    fn from_iter<I: IntoIterator<Item = (Key, Cell)>>(all: I) -> Self {
        let mut cells = Self::default();
        for (key, cell) in all {
            *cells.at(key) = cell;
        }
        cells
    }
}

fn day_of(interval: i64) -> i64 {
    interval.div_euclid(INTERVALS_OF_DAY)
}

fn first_key(interval: i64) -> Key {
    Key {
        interval,
        queue: 0,
        channel: 0,
    }
}
