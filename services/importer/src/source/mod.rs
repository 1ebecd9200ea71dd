//! A file as rows of text cells under named columns, whatever its format.
//!
//! Bytes are unpacked and decoded as a whole; an adapter per format makes rows of them. What a cell
//! means is not known here.

mod cells;
mod csv;
mod json_lines;
mod parquet;
mod text;

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use clap::ValueEnum;
use indicatif::ProgressBar;

pub(super) use self::cells::Cells;
use self::csv::Csv;
use self::json_lines::JsonLines;
use self::parquet::Parquet;
pub(super) use self::text::encoding;

/// A row as it is in the file; the rejects repeat it.
#[derive(Debug)]
pub(super) struct Line {
    /// Of a text the line where it begins, from 1; of Parquet the row.
    pub(super) number: u64,
    /// Without its end; of Parquet the row as a JSON object.
    pub(super) text: Bytes,
}

/// A row that was read: its cells are there as far as it has any, also when it is misshapen.
pub(super) struct Read {
    pub(super) line: Line,
    /// Why it is no row of this file.
    pub(super) fault: Option<String>,
}

/// Rows one after the other, each into the same cells.
pub(super) trait Rows {
    /// The columns' names as the file has them.
    fn header(&self) -> &[String];

    /// What a file of rejects has to be like for its rows to be read as these.
    fn form(&self) -> Form;

    /// The next row; its cells are in the order of the header.
    ///
    /// # Errors
    /// What remains of the file cannot be read.
    fn next(&mut self, cells: &mut Cells) -> anyhow::Result<Option<Read>>;
}

/// How rows are written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv { delimiter: u8, header: Bytes },
    JsonLines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Csv,
    JsonLines,
    Parquet,
}

/// What the file does not show.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) format: Option<Format>,
    pub(super) encoding: Option<&'static encoding_rs::Encoding>,
    pub(super) delimiter: Option<u8>,
    /// Lines of a CSV file before the one that names the columns.
    pub(super) lines_before: u64,
}

/// Opens a file. Of a CSV file the delimiter is the one that gives a header that suits.
pub(super) fn open(
    path: &Path,
    declared: &Declared,
    suits: impl Fn(&[String]) -> bool,
    bar: &ProgressBar,
) -> anyhow::Result<Box<dyn Rows>> {
    let read = || rows(text::unpacked(path, bar)?, declared, suits);
    read().with_context(|| format!("read {}", path.display()))
}

/// The rows of a file of these bytes.
pub(super) fn rows(
    bytes: Bytes,
    declared: &Declared,
    suits: impl Fn(&[String]) -> bool,
) -> anyhow::Result<Box<dyn Rows>> {
    let text = |bytes| text::decoded(bytes, declared.encoding);
    Ok(match declared.format.unwrap_or_else(|| format_of(&bytes)) {
        Format::Parquet => Box::new(Parquet::open(bytes)?),
        Format::JsonLines => Box::new(JsonLines::read(text(bytes)?)),
        Format::Csv => Box::new(Csv::open(text(bytes)?, declared, suits)?),
    })
}

/// Every Parquet file begins with its name, and no header of a CSV file with a brace.
fn format_of(bytes: &[u8]) -> Format {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match text.trim_ascii_start() {
        [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
        [b'{', ..] => Format::JsonLines,
        _ => Format::Csv,
    }
}
