//! Rows that were not imported, for a person to mend and import again.
//!
//! The file is like the one that was imported, with each row's number and the reason before it. Read
//! again, a row is known by the number it had at first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::value::RawValue;

use super::layout::REJECT_COLUMNS;
use super::source::{Form, Line};

/// Marks the file as UTF-8 for its readers, whatever its source was.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

pub(super) struct Rejects {
    file: File,
    form: Form,
    /// Whether the rows are of an earlier file like this.
    are_again: bool,
}

#[derive(Serialize)]
struct Object<'a> {
    line: u64,
    reason: &'a str,
    #[serde(flatten)]
    members: BTreeMap<&'a str, &'a RawValue>,
    /// What is no object.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<&'a str>,
}

impl Rejects {
    /// Creates the file; one of an earlier run is replaced.
    pub(super) fn create(path: &Path, form: Form, are_again: bool) -> anyhow::Result<Self> {
        let name = || format!("create {}", path.display());
        let mut file = File::create(path).with_context(name)?;
        if let Form::Csv { delimiter, header } = &form {
            let [line, reason] = REJECT_COLUMNS;
            let header = if are_again {
                behind_reason(header, *delimiter)
            } else {
                header
            };
            let between = char::from(*delimiter);
            let begin = format!("{line}{between}{reason}{between}");
            let text = [BYTE_ORDER_MARK, begin.as_bytes(), header, b"\n"].concat();
            file.write_all(&text).with_context(name)?;
        }
        Ok(Self {
            file,
            form,
            are_again,
        })
    }

    /// Writes through to the file at once: an import that is cut off leaves what it knew.
    pub(super) fn write(&mut self, line: &Line, reason: &str) -> anyhow::Result<()> {
        let mut text = match &self.form {
            Form::Csv { delimiter, .. } => self.csv(line, reason, *delimiter),
            Form::JsonLines => object(line, reason).context("write the rejects")?,
        };
        text.push(b'\n');
        self.file.write_all(&text).context("write the rejects")
    }

    fn csv(&self, line: &Line, reason: &str, delimiter: u8) -> Vec<u8> {
        let between = char::from(delimiter);
        let reason = reason.replace('"', "\"\"");
        let begin = format!("{}{between}\"{reason}\"{between}", line.number);
        let row = if self.are_again {
            behind_reason(&line.text, delimiter)
        } else {
            &line.text
        };
        [begin.as_bytes(), row].concat()
    }
}

/// Where the rejects of a file go by default.
pub(super) fn default_path(form: &Form) -> PathBuf {
    match form {
        Form::Csv { .. } => "rejects.csv".into(),
        Form::JsonLines => "rejects.jsonl".into(),
    }
}

fn object(line: &Line, reason: &str) -> anyhow::Result<Vec<u8>> {
    let text = String::from_utf8_lossy(&line.text);
    let members: Option<BTreeMap<&str, &RawValue>> = serde_json::from_str(&text).ok();
    let original = members.is_none().then_some(&*text);
    let mut members = members.unwrap_or_default();
    members.retain(|name, _| !REJECT_COLUMNS.contains(name));
    Ok(serde_json::to_vec(&Object {
        line: line.number,
        reason,
        members,
        original,
    })?)
}

/// The cells after the first two.
fn behind_reason(row: &[u8], delimiter: u8) -> &[u8] {
    let (mut is_quoted, mut cells) = (false, 0);
    let end = row.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        cells += usize::from(*byte == delimiter && !is_quoted);
        cells == REJECT_COLUMNS.len()
    });
    end.map_or(&[], |end| &row[end + 1..])
}
