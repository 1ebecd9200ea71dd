//! `dealerboard tenants export`: a file of events per context, and a manifest that is written last.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use kernel::batch::EventRow;
use kernel::port::Clock as _;
use kernel::topic::PartitionId;
use kernel::{Tenant, Timestamp};
use pipeline::{SystemClock, TenantEvents};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::cli::verify::present;
use crate::config::Config;
use crate::roles::Platform;

/// Raised with every change of the files or of the manifest.
const FORMAT: u16 = 1;
const MANIFEST: &str = "manifest.json";

/// Writes all events of a tenant to a folder.
#[derive(Debug, Args)]
pub(super) struct Export {
    tenant: Tenant,
    /// A folder that is not there yet. Its files can be read by their owner alone: what a tenant has said
    /// of people is in them.
    #[arg(long)]
    to: PathBuf,
}

/// What an export holds. A folder without it is not whole.
#[derive(Serialize)]
struct Manifest<'a> {
    format: u16,
    tenant: &'a Tenant,
    exported_at: Timestamp,
    /// Of the program that exported.
    version: &'static str,
    events: u64,
    contexts: Vec<Exported>,
}

/// One context's file.
#[derive(Serialize)]
struct Exported {
    context: &'static str,
    file: String,
    events: u64,
    bytes: u64,
    sha256: String,
    partitions: Vec<Part>,
}

/// A partition's part of it.
#[derive(Serialize)]
struct Part {
    partition: u16,
    /// The last log position that was looked at, of whichever tenant.
    until: u64,
    events: u64,
}

/// A line of a file.
#[derive(Serialize)]
struct Line<'a> {
    partition: u16,
    log_position: u64,
    /// As it is stored.
    record: &'a RawValue,
}

impl Export {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        present(&config)?;
        let platform = Platform::inspect(config).await;
        let platform = platform.context("open the store")?;
        let to = self.to.display();
        let mut folder = DirBuilder::new();
        let made = folder.mode(0o700).create(&self.to);
        made.with_context(|| format!("make the folder {to}"))?;
        let events = self.fill(&platform).await;
        let events = events.with_context(|| format!("{to} is not whole: it has no {MANIFEST}"))?;
        if events == 0 {
            fs::remove_dir_all(&self.to).with_context(|| format!("remove {to}"))?;
            anyhow::bail!("there are no events of the tenant {}", self.tenant);
        }
        crate::cli::print(&format!("{events} events of {} are in {to}", self.tenant));
        Ok(())
    }

    /// How many events there are.
    async fn fill(&self, platform: &Platform) -> anyhow::Result<u64> {
        let exported_at = SystemClock.now();
        let partition_ids = platform.partition_ids(None)?;
        // Noted before anything is read: what is committed meanwhile is in no file.
        let mut cuts = Vec::with_capacity(partition_ids.len());
        for partition_id in partition_ids {
            let cursor = platform.ports.store.cursor(partition_id).await?;
            let until = cursor.map_or(0, |cursor| cursor.next_log_position.saturating_sub(1));
            cuts.push((partition_id, until));
        }
        let mut contexts = Vec::new();
        for cuts in cuts.chunk_by(|one, next| one.0.context == next.0.context) {
            contexts.push(self.context(platform, cuts).await?);
        }
        let events = contexts.iter().map(|exported| exported.events).sum();
        let manifest = Manifest {
            format: FORMAT,
            tenant: &self.tenant,
            exported_at,
            version: env!("CARGO_PKG_VERSION"),
            events,
            contexts,
        };
        self.finish(&manifest)?;
        Ok(events)
    }

    /// The partitions of one context, one after the other.
    async fn context(
        &self,
        platform: &Platform,
        cuts: &[(PartitionId, u64)],
    ) -> anyhow::Result<Exported> {
        let context = cuts.first().context("a context has a partition")?.0.context;
        let file = format!("{context}.jsonl");
        let mut lines = Lines::create(&self.to.join(&file))?;
        let mut partitions = Vec::with_capacity(cuts.len());
        for (partition_id, until) in cuts.iter().copied() {
            let before = lines.count;
            let reader = &*platform.ports.reader;
            let mut events = TenantEvents::new(reader, partition_id, &self.tenant, until);
            while let Some(rows) = events.next().await? {
                rows.iter()
                    .try_for_each(|row| lines.write(partition_id, row))?;
            }
            partitions.push(Part {
                partition: partition_id.partition,
                until,
                events: lines.count - before,
            });
        }
        Ok(Exported {
            context,
            file,
            events: lines.count,
            bytes: lines.bytes,
            sha256: lines.finish()?,
            partitions,
        })
    }

    /// Puts the manifest into its place, whole: it says that the others are.
    fn finish(&self, manifest: &Manifest<'_>) -> anyhow::Result<()> {
        let (path, unfinished) = (self.to.join(MANIFEST), self.to.join("manifest.part"));
        let write = || -> anyhow::Result<()> {
            let mut file = created(&unfinished)?;
            file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            Ok(File::open(&self.to)?.sync_all()?)
        };
        write().with_context(|| format!("write {}", path.display()))
    }
}

/// A file of lines, and what the manifest says of it.
struct Lines {
    name: String,
    file: BufWriter<File>,
    digest: Sha256,
    count: u64,
    bytes: u64,
    /// The line that is being made.
    line: Vec<u8>,
}

impl Lines {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let file = created(path).with_context(|| format!("create {name}"))?;
        Ok(Self {
            name,
            file: BufWriter::new(file),
            digest: Sha256::new(),
            count: 0,
            bytes: 0,
            line: Vec::new(),
        })
    }

    fn write(&mut self, partition_id: PartitionId, row: &EventRow) -> anyhow::Result<()> {
        let log_position = row.record.log_position;
        let place = || {
            format!(
                "write event {log_position} of {partition_id} to {}",
                self.name
            )
        };
        let record = serde_json::from_slice(&row.record.value).with_context(place)?;
        let line = Line {
            partition: partition_id.partition,
            log_position,
            record,
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, &line).with_context(place)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.file.write_all(&self.line).with_context(place)?;
        self.count += 1;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    /// Its SHA-256, once it is on disk.
    fn finish(self) -> anyhow::Result<String> {
        let synced = self.file.into_inner().map_err(anyhow::Error::from);
        let synced = synced.and_then(|file| Ok(file.sync_all()?));
        synced.with_context(|| format!("write {}", self.name))?;
        let digest = self.digest.finalize();
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A new file that its owner alone can read.
fn created(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}
