//! One SQLite file for everything, and memory for what is read.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt as _;
use pipeline::{History, Source};
use readmodel::{MemoryReadModel, MemoryReplies};
use resilience::Name;
use sqlite::SqliteFile;
use uuid::Uuid;

use super::authority::ConfiguredAuthority;
use super::guards::{Class, Guards};
use super::keys::{KeyDirectory, LocalKeys, Settled, settle_in_directory};
use super::{AsStored, Model, Opened, Ports, Purpose, contexts};
use crate::config::Config;
use crate::health::{Check, Checks, Failing, Part};
use crate::seams::SystemClock;

pub(super) async fn open(config: &Config, purpose: Purpose) -> anyhow::Result<Opened> {
    let path = &config.embedded.file;
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let open = match purpose {
        Purpose::Serve => SqliteFile::open,
        Purpose::Inspect => SqliteFile::inspect,
    };
    let file = open(path, config.embedded.partitions, Arc::new(SystemClock))?;
    let keys = keys(config, &file).await?;
    Ok(Opened {
        ports: ports(Arc::new(file), &keys)?,
        keys,
        unseen: None,
    })
}

/// The keys that the file belongs to, made at its first start.
async fn keys(config: &Config, file: &SqliteFile) -> anyhow::Result<LocalKeys> {
    let directory = KeyDirectory::new(&config.auth.directory)?;
    let installed = file.installed_keys().await?;
    let Settled { keys, new } = settle_in_directory(&directory, &installed)?;
    if !new.is_empty() {
        file.install_keys(new).await?;
    }
    Ok(keys)
}

fn ports(file: Arc<SqliteFile>, keys: &LocalKeys) -> anyhow::Result<Ports> {
    let stored = Arc::new(file.as_stored());
    let memory = Arc::new(MemoryReadModel::default());
    let guards = Guards::new(Uuid::new_v4());
    let class = |class| Class {
        name: Name {
            dependency: "sqlite",
            class,
        },
        p99: Duration::from_millis(200),
        timeout: Duration::from_secs(2),
        in_flight_max: 64,
    };
    let mut sources = vec![
        Source {
            name: "memory",
            model: Arc::clone(&memory) as _,
            guard: None,
            lists: true,
        },
        Source {
            name: "sqlite",
            model: Arc::clone(&file) as _,
            guard: Some(guards.of(&class("read"))?),
            lists: true,
        },
    ];
    if file.damage().is_some() {
        // Memory is folded from all events anew, and would end before the first that is damaged; the
        // file's views have seen what was sound when they did.
        sources.remove(0);
    }
    let history = History {
        name: "events",
        reader: Arc::clone(&file) as _,
        store: Arc::clone(&file) as _,
        guard: guards.of(&class("fold"))?,
    };
    let models = vec![
        Model {
            name: "memory",
            model: memory,
            durable: false,
        },
        Model {
            name: "sqlite",
            model: Arc::clone(&file) as _,
            durable: true,
        },
    ];
    let authority = ConfiguredAuthority::new(keys.records.clone(), "", &contexts(), &[])?;
    Ok(Ports {
        command_log: Arc::clone(&file) as _,
        event_log: Arc::clone(&file) as _,
        store: Arc::clone(&file) as _,
        reader: Arc::clone(&file) as _,
        snapshots: Arc::clone(&file) as _,
        dead_letters: Arc::clone(&file) as _,
        bindings: Arc::clone(&file) as _,
        announcing: None,
        inbox_guard: guards.of(&class("inbox"))?,
        bindings_guard: guards.of(&class("keys"))?,
        timers: Arc::clone(&file) as _,
        replies: Arc::new(MemoryReplies::default()),
        authority: Arc::new(authority),
        schemas: None,
        framing: None,
        models,
        sources,
        history,
        checks: Arc::new(checks(&file)),
        as_stored: AsStored {
            command_log: Arc::clone(&stored) as _,
            event_log: Arc::clone(&stored) as _,
            store: Arc::clone(&stored) as _,
            reader: Arc::clone(&stored) as _,
            snapshots: Arc::clone(&stored) as _,
            dead_letters: Arc::clone(&stored) as _,
            scrub: stored,
        },
    })
}

/// The file is this process's own: what is wrong with it, nobody else will serve instead.
fn checks(file: &Arc<SqliteFile>) -> Checks {
    let check = |name, needed_by, ask: fn(&SqliteFile) -> Option<String>| {
        let file = Arc::clone(file);
        Check {
            name,
            failing: Failing::Defect,
            needed_by,
            ask: Box::new(move || std::future::ready(ask(&file).map_or(Ok(()), Err)).boxed()),
        }
    };
    Checks {
        quick: vec![
            check("file", &[Part::Reads], SqliteFile::damage),
            check(
                "disk",
                &[Part::Commands, Part::Workers],
                SqliteFile::refusing,
            ),
        ],
        ..Checks::default()
    }
}
