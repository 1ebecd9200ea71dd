//! A platform, and the imports that are run against it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use testkit::platform::Platform;

/// Rows of the beginning of the sample file: enough for every position to open, close and flip.
const SLICE_ROWS: usize = 3_000;
/// Entries of a page of a list, the most there may be.
const PAGE: usize = 200;
const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

pub(crate) struct Site(Platform);

impl Deref for Site {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.0
    }
}

impl Site {
    pub(crate) async fn embedded() -> Self {
        Self(Platform::embedded(BINARY).await)
    }

    /// On the servers that the environment names.
    pub(crate) async fn production() -> Self {
        Self(Platform::production(BINARY).await)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The command line of an import, not yet run.
    pub(crate) fn import(&self, file: &Path, tenant: &str) -> Command {
        let mut command = self.command();
        command
            .arg("import")
            .arg(file)
            .args(["--url", self.url(), "--tenant", tenant]);
        command
    }

    /// Every position of a tenant, over the list.
    pub(crate) async fn positions(&self, tenant: &str) -> Vec<Value> {
        self.list(tenant, &format!("/v1/positions?limit={PAGE}"))
            .await
    }

    /// Leaves nothing behind; for the end of a test that passed.
    pub(crate) async fn discard(self) {
        self.0.discard().await;
    }
}

/// The last line of an import, and its exit code.
pub(crate) fn summary(output: &Output) -> (String, Option<i32>) {
    let result = String::from_utf8_lossy(&output.stdout);
    let rows = result.split(';').next().unwrap_or_default();
    (rows.to_owned(), output.status.code())
}

/// The cells of a file of rejects: line, reason, and the row as it was.
pub(crate) fn rejects(file: &Path) -> Vec<Vec<String>> {
    let mut rejects = csv::ReaderBuilder::new();
    let mut rejects = rejects.flexible(true).from_path(file).unwrap();
    let cells = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    rejects.records().map(|row| cells(row.unwrap())).collect()
}

/// The sample file, or its beginning; and how many rows it has.
pub(crate) fn sample(folder: &Path) -> (PathBuf, usize) {
    let whole =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/trades-us-equity-2013.csv.gz");
    let lines = BufReader::new(MultiGzDecoder::new(File::open(&whole).unwrap())).lines();
    if std::env::var_os("DEALERBOARD_WHOLE_FILE").is_some() {
        return (whole, lines.count() - 1);
    }
    let slice = folder.join("trades.csv");
    let mut out = BufWriter::new(File::create(&slice).unwrap());
    for line in lines.take(1 + SLICE_ROWS) {
        writeln!(out, "{}", line.unwrap()).unwrap();
    }
    out.flush().unwrap();
    (slice, SLICE_ROWS)
}
