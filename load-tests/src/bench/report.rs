//! The table: each figure beside the limit measured in the same run.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// One line of the table and of the report file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) row: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What the machine gives for the same work without us; `None` where the aim is absolute.
    pub(super) limit: Option<f64>,
    pub(super) ratio: Option<f64>,
}

impl Row {
    pub(super) fn beside(row: &'static str, value: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            row,
            value,
            unit,
            limit: Some(limit),
            ratio: Some(value / limit),
        }
    }

    pub(super) fn alone(row: &'static str, value: f64, unit: &'static str) -> Self {
        Self {
            row,
            value,
            unit,
            limit: None,
            ratio: None,
        }
    }
}

/// Prints the table and writes `report.json` under `directory`.
pub(super) fn write(rows: &[Row], directory: &Path) -> anyhow::Result<()> {
    telemetry::terminal::print(&format!(
        "{:<26} {:>12} {:<12} {:>12} {:>7}",
        "row", "value", "unit", "limit", "ratio"
    ));
    for Row {
        row,
        value,
        unit,
        limit,
        ratio,
    } in rows
    {
        let limit = limit.map_or_else(String::new, |limit| format!("{limit:.0}"));
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        telemetry::terminal::print(&format!(
            "{row:<26} {value:>12.1} {unit:<12} {limit:>12} {ratio:>7}"
        ));
    }
    std::fs::create_dir_all(directory)?;
    let path = directory.join("report.json");
    std::fs::write(&path, serde_json::to_vec_pretty(rows)?)
        .with_context(|| format!("write {}", path.display()))
}
