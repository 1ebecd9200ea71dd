//! `dealerboard schemas`: the JSON Schemas of commands and events, from their types.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::documents;

/// Compares or writes the folder of schemas.
#[derive(Debug, Args)]
pub(super) struct SchemasCommand {
    /// The folder.
    #[arg(long, default_value = "schemas")]
    directory: PathBuf,
    /// Writes what is missing or changed compatibly; refuses what would break a producer or reader.
    #[arg(long)]
    write: bool,
    /// An older folder that today's types must be compatible with.
    #[arg(long)]
    against: Option<PathBuf>,
}

impl SchemasCommand {
    /// The OpenAPI document beside the schemas, and the page of routes beside their folder.
    fn write_documents(&self) -> anyhow::Result<()> {
        let openapi = documents::openapi(&self.directory)?;
        let mut pages = vec![(self.directory.join("openapi.json"), openapi)];
        let docs = self.directory.join("../docs");
        if docs.is_dir() {
            pages.push((docs.join("routes.md"), documents::routes()));
            pages.push((docs.join("access-matrix.md"), documents::access_matrix()?));
        }
        for (path, text) in pages {
            if fs::read_to_string(&path).is_ok_and(|before| before == text) {
                continue;
            }
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
            super::say(&format!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// Exit code 1: something differs or breaks.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let catalogue = crate::slices::schemas();
        let mut findings: Vec<String> = Vec::new();
        if self.write {
            for path in catalogue.write(&self.directory)? {
                super::say(&format!("wrote {}", path.display()));
            }
            self.write_documents()?;
        }
        findings.extend(
            catalogue
                .check(&self.directory)?
                .iter()
                .map(ToString::to_string),
        );
        findings.extend(
            catalogue
                .golden_check(&self.directory)?
                .iter()
                .map(ToString::to_string),
        );
        if let Some(older) = &self.against {
            findings.extend(
                catalogue
                    .compatible_with(older)?
                    .iter()
                    .map(ToString::to_string),
            );
        }
        for finding in &findings {
            super::print(finding);
        }
        Ok(if findings.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }
}
