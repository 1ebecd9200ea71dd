//! Lines that were not imported, for someone to look at and send again.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;

use super::lines::Line;

/// A CSV file of line number, reason and the line as it was.
pub(super) struct Rejects(csv::Writer<File>);

impl Rejects {
    /// Creates the file; one of an earlier run is replaced.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(["line", "reason", "original"])?;
        writer.flush()?;
        Ok(Self(writer))
    }

    /// Writes through to the file at once: an import that is cut off leaves what it knew.
    pub(super) fn write(&mut self, line: &Line, reason: &str) -> anyhow::Result<()> {
        let number = line.number.to_string();
        let record: [&[u8]; 3] = [number.as_bytes(), reason.as_bytes(), &line.text];
        self.0.write_record(record).context("write the rejects")?;
        self.0.flush().context("write the rejects")
    }
}
