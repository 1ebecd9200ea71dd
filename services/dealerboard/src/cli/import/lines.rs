//! The lines of a file, plain or gzip, each with its number.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use super::row::COLUMNS;

/// Longest line, bytes: a hundred times a trade. A file without line ends is not read into memory.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// How every gzip file begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A line as it stands in the file, without its end.
pub(super) struct Line {
    /// 1 is the header.
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
}

/// Reads line by line; the bar moves with the bytes of the file.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
}

impl Lines {
    /// Opens the file and checks its header.
    pub(super) fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("open {name}"))?;
        let bytes = file.metadata().with_context(|| format!("open {name}"))?;
        bar.set_length(bytes.len());
        let mut reader = BufReader::new(bar.wrap_read(file));
        let packed = reader
            .fill_buf()
            .with_context(|| format!("read {name}"))?
            .starts_with(&GZIP);
        let reader: Box<dyn BufRead + Send> = if packed {
            Box::new(BufReader::new(MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        let mut lines = Self { reader, number: 0 };
        let header = lines.read()?.map(|line| line.text).unwrap_or_default();
        anyhow::ensure!(
            header == COLUMNS.join(",").as_bytes(),
            "the first line of {name} is not `{}`",
            COLUMNS.join(",")
        );
        Ok(lines)
    }

    fn read(&mut self) -> anyhow::Result<Option<Line>> {
        let number = self.number + 1;
        let mut text = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut text)
            .with_context(|| format!("read line {number}"))?;
        if read == 0 {
            return Ok(None);
        }
        let ended = text.pop_if(|byte| *byte == b'\n').is_some();
        anyhow::ensure!(
            ended || (read as u64) < LINE_BYTES_MAX,
            "line {number} is longer than {LINE_BYTES_MAX} bytes"
        );
        text.pop_if(|byte| *byte == b'\r');
        self.number = number;
        Ok(Some(Line { number, text }))
    }
}

impl Iterator for Lines {
    type Item = anyhow::Result<Line>;

    /// Empty lines are no rows, as CSV readers have it.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read().transpose()? {
                Ok(line) if line.text.is_empty() => {}
                line => return Some(line),
            }
        }
    }
}
