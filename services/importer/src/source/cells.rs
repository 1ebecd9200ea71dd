//! The cells of one row.

/// Texts one behind the other; their memory is used again for the next row.
#[derive(Default)]
pub(in super::super) struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    pub(in super::super) fn len(&self) -> usize {
        self.count
    }

    /// A cell without the blanks around it; `None` behind the last one.
    pub(in super::super) fn get(&self, place: usize) -> Option<&[u8]> {
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let end = *self.ends[..self.count].get(place)?;
        Some(self.text[begin..end].trim_ascii())
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn push(&mut self, cell: &[u8]) {
        let begin = self.count.checked_sub(1).map_or(0, |last| self.ends[last]);
        self.text.truncate(begin);
        self.text.extend_from_slice(cell);
        self.ends.truncate(self.count);
        self.ends.push(self.text.len());
        self.count += 1;
    }

    /// Room for so many bytes and cells, to be filled by a parser.
    pub(super) fn room(&mut self, bytes: usize, cells: usize) -> (&mut [u8], &mut [usize]) {
        if self.text.len() < bytes {
            self.text.resize(bytes, 0);
        }
        if self.ends.len() < cells {
            self.ends.resize(cells, 0);
        }
        (&mut self.text, &mut self.ends)
    }

    /// How many cells the parser made.
    pub(super) fn filled(&mut self, cells: usize) {
        self.count = cells;
    }

    /// Keeps the first so many cells.
    pub(super) fn shorten(&mut self, cells: usize) {
        self.count = self.count.min(cells);
    }

    /// Whether there is nothing in any cell from here on.
    pub(super) fn is_blank_from(&self, place: usize) -> bool {
        (place..self.count).all(|place| self.get(place).is_none_or(<[u8]>::is_empty))
    }
}
