//! Rows as JSON objects, one a line.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use memchr::memchr;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Cells, Form, Line, Read, Rows};

/// The header is known once every object was seen: an object without a fee may omit it.
pub(super) struct JsonLines {
    header: Vec<String>,
    rows: std::vec::IntoIter<Row>,
}

struct Row {
    line: Line,
    /// Texts with the places of their columns.
    cells: Result<Vec<(usize, String)>, String>,
}

/// The members of an object in their order; numbers keep their digits.
struct Members(Vec<(String, String)>);

impl JsonLines {
    pub(super) fn read(text: Bytes) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut rows = Vec::new();
        for (number, line) in (1..).zip(lines(&text)) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let members = serde_json::from_slice::<Members>(line);
            let cells = members.map_err(|error| format!("is no JSON object: {error}"));
            let cells = cells.map(|Members(members)| {
                let placed = members.into_iter().map(|(name, cell)| {
                    let next = places.len();
                    (*places.entry(name).or_insert(next), cell)
                });
                placed.collect()
            });
            let text = text.slice_ref(line.trim_ascii());
            let line = Line { number, text };
            rows.push(Row { line, cells });
        }
        let mut header = vec![String::new(); places.len()];
        for (name, place) in places {
            header[place] = name;
        }
        let rows = rows.into_iter();
        Self { header, rows }
    }
}

impl Rows for JsonLines {
    fn header(&self) -> &[String] {
        &self.header
    }

    fn form(&self) -> Form {
        Form::JsonLines
    }

    fn next(&mut self, cells: &mut Cells) -> anyhow::Result<Option<Read>> {
        let Some(row) = self.rows.next() else {
            return Ok(None);
        };
        cells.clear();
        let fault = match row.cells {
            Ok(placed) => {
                let mut texts = vec![""; self.header.len()];
                for (place, text) in &placed {
                    texts[*place] = text;
                }
                texts.iter().for_each(|text| cells.push(text.as_bytes()));
                None
            }
            Err(fault) => Some(fault),
        };
        let line = row.line;
        Ok(Some(Read { line, fault }))
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        Some(line)
    })
}

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, String)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        let twice = format!("`{name}` is there twice");
                        return Err(serde::de::Error::custom(twice));
                    }
                    members.push((name, cell(value)));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A text without its quotes, nothing for null, and all else as it is written.
fn cell(value: &RawValue) -> String {
    match value.get() {
        "null" => String::new(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        number => number.to_owned(),
    }
}
