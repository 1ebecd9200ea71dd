//! Rows of text with delimiters and quotes (RFC 4180), as spreadsheets and brokers write them.

use anyhow::Context as _;
use bytes::Bytes;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use super::super::layout::REJECT_COLUMNS;
use super::{Cells, Declared, Form, Line, Read, Rows};

/// Longest row, bytes: a hundred times a trade.
const ROW_BYTES_MAX: usize = 64 * 1024;
const COLUMNS_MAX: usize = 1_024;
/// The possible delimiters.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How spreadsheets name the delimiter in a line of its own.
const SEPARATOR: &[u8] = b"sep=";

pub(super) struct Csv {
    text: Bytes,
    /// Where the next line begins, and how many lines are before it.
    at: usize,
    lines: u64,
    delimiter: u8,
    parser: Reader,
    header: Vec<String>,
    header_text: Bytes,
}

impl Csv {
    pub(super) fn open(
        mut text: Bytes,
        declared: &Declared,
        suits: impl Fn(&[String]) -> bool,
    ) -> anyhow::Result<Self> {
        let (mut lines, mut delimiter) = (0, declared.delimiter);
        if let Some(named) = text.strip_prefix(SEPARATOR) {
            delimiter = delimiter.or_else(|| named.first().copied());
            (text, lines) = (behind_line(&text), 1);
        }
        let lines_before = if is_of_rejects(&text) {
            0
        } else {
            declared.lines_before
        };
        while lines < lines_before && !text.is_empty() {
            (text, lines) = (behind_line(&text), lines + 1);
        }
        let candidates = delimiter.map_or_else(|| DELIMITERS.to_vec(), |one| vec![one]);
        let mut found = candidates
            .iter()
            .map(|delimiter| Self::with_delimiter(&text, lines, *delimiter));
        let first = found.next().context("a file has a delimiter")??;
        if suits(&first.header) {
            return Ok(first);
        }
        for other in found {
            let other = other?;
            if suits(&other.header) {
                return Ok(other);
            }
        }
        // The lookup of the columns reports what is missing.
        Ok(first)
    }

    fn with_delimiter(text: &Bytes, lines: u64, delimiter: u8) -> anyhow::Result<Self> {
        let mut rows = Self {
            text: text.clone(),
            at: 0,
            lines,
            delimiter,
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            header: Vec::new(),
            header_text: Bytes::new(),
        };
        let mut cells = Cells::default();
        let header = rows.record(&mut cells).context("it has no header")?;
        anyhow::ensure!(
            memchr(0, &header.line.text).is_none(),
            "its header has zero bytes: if it is UTF-16 without a byte order mark, declare the encoding"
        );
        anyhow::ensure!(
            header.fault.is_none(),
            "its header is longer than a row may be"
        );
        let names = (0..cells.len()).filter_map(|place| cells.get(place));
        rows.header = names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        rows.header_text = header.line.text;
        Ok(rows)
    }

    /// The next row with anything in it, of whatever shape.
    fn record(&mut self, cells: &mut Cells) -> Option<Read> {
        loop {
            self.skip_empty_lines();
            let begin = self.at;
            if begin == self.text.len() {
                return None;
            }
            let (end, fault) = self.row(begin, cells);
            let number = self.lines + 1;
            let text = self.text.slice(begin..end);
            self.lines += (memchr_iter(b'\n', &text).count() as u64).max(1);
            self.at = end;
            if fault.is_some() || !cells.is_blank_from(0) {
                let text = text.slice_ref(without_end(&text));
                let line = Line { number, text };
                return Some(Read { line, fault });
            }
        }
    }

    /// Where the row ends that begins here, and what is wrong with it.
    fn row(&mut self, begin: usize, cells: &mut Cells) -> (usize, Option<String>) {
        let rest = &self.text[begin..];
        let line = begin + memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        if let Some(end) = self.parse(begin, self.text.len(), cells) {
            let fault = self.misfit(cells);
            // A quote that is not closed takes along the text behind it, up to the next quote.
            if fault.is_none() || end <= line {
                return (end, fault);
            }
        }
        // Its cells, as far as they go, tell which trade it is about.
        self.parse(begin, line, cells);
        let fault = if line - begin > ROW_BYTES_MAX {
            format!("is longer than {ROW_BYTES_MAX} bytes")
        } else if cells.len() == COLUMNS_MAX {
            format!("has {COLUMNS_MAX} columns or more")
        } else {
            "has a quote that is not closed".to_owned()
        };
        (line, Some(fault))
    }

    fn skip_empty_lines(&mut self) {
        while let Some(byte @ (b'\n' | b'\r')) = self.text.get(self.at) {
            self.lines += u64::from(*byte == b'\n');
            self.at += 1;
        }
    }

    /// Parses the row that begins here; gives its end, unless that is not before `until`.
    fn parse(&mut self, begin: usize, until: usize, cells: &mut Cells) -> Option<usize> {
        let until = until.min(begin + ROW_BYTES_MAX);
        let input = &self.text[begin..until];
        let (out, ends) = cells.room(ROW_BYTES_MAX, COLUMNS_MAX);
        self.parser.reset();
        let (mut result, read, written, mut count) = self.parser.read_record(input, out, ends);
        let is_last = until == self.text.len();
        if result == ReadRecordResult::InputEmpty && count < COLUMNS_MAX {
            ends[count] = written;
            // The last line need not have an end, and within quotes an end is a part of the cell.
            if is_last {
                let (out, ends) = (&mut out[written..], &mut ends[count..]);
                (result, ..) = self.parser.read_record(b"\n", out, ends);
            }
            count += 1;
        }
        cells.filled(count);
        let end = begin + read;
        let is_half = self.text[..end].ends_with(b"\r") && self.text[end..].starts_with(b"\n");
        (result == ReadRecordResult::Record).then_some(end + usize::from(is_half))
    }

    /// Why the cells are not those of the header; empty ones behind the last are no harm.
    fn misfit(&self, cells: &mut Cells) -> Option<String> {
        let (found, wanted) = (cells.len(), self.header.len());
        if wanted == 0 || found == wanted {
            return None;
        }
        if cells.is_blank_from(wanted.min(found)) && found > wanted {
            cells.shorten(wanted);
            return None;
        }
        (!cells.is_blank_from(0)).then(|| format!("has {found} columns, not {wanted}"))
    }
}

impl Rows for Csv {
    fn header(&self) -> &[String] {
        &self.header
    }

    fn form(&self) -> Form {
        Form::Csv {
            delimiter: self.delimiter,
            header: self.header_text.clone(),
        }
    }

    fn next(&mut self, cells: &mut Cells) -> anyhow::Result<Option<Read>> {
        Ok(self.record(cells))
    }
}

/// Rejects have no lines before their header, whatever the file had that they come from.
fn is_of_rejects(text: &[u8]) -> bool {
    let [line, reason] = REJECT_COLUMNS;
    let behind = text.strip_prefix(line.as_bytes());
    behind.is_some_and(|text| {
        text.get(1..)
            .is_some_and(|text| text.starts_with(reason.as_bytes()))
    })
}

fn behind_line(text: &Bytes) -> Bytes {
    let end = memchr(b'\n', text).map_or(text.len(), |end| end + 1);
    text.slice(end..)
}

fn without_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests;
