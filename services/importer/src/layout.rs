//! Which cell of a row is which column, by the names in the header.

use std::str::FromStr;

use anyhow::Context as _;

use super::column::Column;
use super::source::{Cells, Form, Line};

/// How the rejects begin each row: with the row's first number, and why it is there.
pub(super) const REJECT_COLUMNS: [&str; 2] = ["line", "reason"];

/// `THEIRS=OURS`: what a file calls a column.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    theirs: String,
    ours: Column,
}

/// `COLUMN=VALUE`: a value that the file does not have.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) column: Column,
    pub(super) value: String,
}

/// Where the columns of a file are.
pub(super) struct Layout {
    places: [Option<usize>; Column::COUNT],
    given: [Option<String>; Column::COUNT],
    header: Vec<String>,
    /// Where a file of rejects keeps the number that a row had at first.
    number: Option<usize>,
}

impl Layout {
    /// Finds the columns; a mapping goes before a column that has our name by chance.
    pub(super) fn of(header: &[String], maps: &[Mapping], given: &[Given]) -> anyhow::Result<Self> {
        let mut layout = Self {
            places: [None; Column::COUNT],
            given: [const { None }; Column::COUNT],
            header: header.to_vec(),
            number: None,
        };
        for map in maps {
            let place = place(header, &map.theirs)?;
            let place = place.with_context(|| format!("there is no column `{}`", map.theirs))?;
            let former = layout.places[map.ours as usize].replace(place);
            anyhow::ensure!(former.is_none(), "column {} is mapped twice", map.ours);
        }
        let mapped = layout.places;
        for column in Column::all() {
            if layout.places[column as usize].is_none() {
                let place = place(header, column.name())?;
                layout.places[column as usize] =
                    place.filter(|place| !mapped.contains(&Some(*place)));
            }
        }
        for given in given {
            layout.given[given.column as usize] = Some(given.value.clone());
        }
        Ok(layout)
    }

    /// Takes the file for one of rejects if it is like one. A CSV file has to begin like it: many
    /// number their lines.
    pub(super) fn find_numbers(&mut self, form: &Form) {
        let own = |names: &[String]| {
            names
                .iter()
                .zip(REJECT_COLUMNS)
                .all(|(name, own)| name == own)
        };
        let place = self.header.windows(REJECT_COLUMNS.len()).position(own);
        self.number = place.filter(|place| *place == 0 || *form == Form::JsonLines);
    }

    /// Sets a value for a column that the file does not have.
    pub(super) fn assume(&mut self, column: Column, value: &str) {
        if !self.knows(column) {
            self.given[column as usize] = Some(value.to_owned());
        }
    }

    /// What is neither in the file nor given.
    pub(super) fn missing(&self, needed: &[Column]) -> Vec<Column> {
        let needed = needed.iter().copied();
        needed.filter(|column| !self.knows(*column)).collect()
    }

    pub(super) fn knows(&self, column: Column) -> bool {
        self.places[column as usize].is_some() || self.given[column as usize].is_some()
    }

    /// Whether the file is one of rejects.
    pub(super) fn is_of_rejects(&self) -> bool {
        self.number.is_some()
    }

    /// The columns that the file has, by our names and theirs.
    pub(super) fn found(&self) -> Vec<String> {
        let found = Column::all().filter(|column| self.places[*column as usize].is_some());
        found.map(|column| self.named(column)).collect()
    }

    /// The names of the columns that mean nothing here.
    pub(super) fn ignored(&self) -> Vec<&str> {
        let names = self.header.iter().enumerate();
        let unused = names.filter(|(place, name)| {
            let is_of_reject = self.number.is_some() && REJECT_COLUMNS.contains(&name.as_str());
            !self.places.contains(&Some(*place)) && !is_of_reject && !name.is_empty()
        });
        unused.map(|(_, name)| name.as_str()).collect()
    }

    /// A row's value in a column, or the one declared for all rows without one.
    pub(super) fn text<'a>(&'a self, column: Column, cells: &'a Cells) -> anyhow::Result<&'a str> {
        let said = self.cell(column, cells).unwrap_or_default();
        let said = std::str::from_utf8(said)
            .map_err(|_| anyhow::anyhow!("column {}: is not UTF-8", self.named(column)))?;
        let said = match said.trim() {
            "" => self.given[column as usize].as_deref().unwrap_or_default(),
            said => said,
        };
        anyhow::ensure!(!said.is_empty(), "column {}: is empty", self.named(column));
        Ok(said)
    }

    /// The number a row is known by: that of the file it was in at first.
    pub(super) fn number(&self, line: &Line, cells: &Cells) -> anyhow::Result<u64> {
        let Some(place) = self.number else {
            return Ok(line.number);
        };
        let text = std::str::from_utf8(cells.get(place).unwrap_or_default()).unwrap_or_default();
        let number = text.parse().ok().filter(|number| *number > 0);
        number.with_context(|| format!("column line: `{text}` is not the number of a row"))
    }

    /// The texts that may name the trade in a row of too few or too many cells.
    pub(super) fn trade_ids<'a>(&self, cells: &'a Cells) -> impl Iterator<Item = &'a str> {
        let place = self.places[Column::TradeId as usize];
        let from_end = place.map(|place| self.header.len() - place);
        let other = from_end.and_then(|from_end| cells.len().checked_sub(from_end));
        let found = place.into_iter().chain(other);
        found.filter_map(|place| std::str::from_utf8(cells.get(place)?).ok())
    }

    /// A column by our name, and by theirs where it differs.
    pub(super) fn named(&self, column: Column) -> String {
        let theirs = self.places[column as usize].map(|place| self.header[place].as_str());
        match theirs.filter(|theirs| !theirs.eq_ignore_ascii_case(column.name())) {
            Some(theirs) => format!("{column} (`{theirs}`)"),
            None => column.to_string(),
        }
    }

    fn cell<'a>(&self, column: Column, cells: &'a Cells) -> Option<&'a [u8]> {
        cells.get(self.places[column as usize]?)
    }
}

fn place(header: &[String], name: &str) -> anyhow::Result<Option<usize>> {
    let is_it = |found: &&String| same(found, name);
    let twice = header.iter().filter(is_it).count() > 1;
    anyhow::ensure!(!twice, "there are two columns `{name}`");
    Ok(header.iter().position(|found| same(found, name)))
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl FromStr for Mapping {
    type Err = String;

    /// A name of theirs may have `=` in it, one of ours has not.
    fn from_str(text: &str) -> Result<Self, String> {
        let (theirs, ours) = text.rsplit_once('=').ok_or("is not like THEIRS=OURS")?;
        Ok(Self {
            theirs: theirs.trim().to_owned(),
            ours: ours.parse()?,
        })
    }
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, value) = text.split_once('=').ok_or("is not like COLUMN=VALUE")?;
        Ok(Self {
            column: column.parse()?,
            value: value.trim().to_owned(),
        })
    }
}
