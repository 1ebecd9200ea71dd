//! One SQLite file for everything, with what is read most in memory before it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt as _;
use identity::{ConfiguredAuthority, KeyDirectory, LocalKeys, Settled, settle_in_directory};
use kernel::port::ReadModel;
use pipeline::{History, Source};
use readmodel::{MemoryHeartbeats, MemoryRates, MemoryReplies, MemorySessions, WriteBehind};
use resilience::Name;
use sqlite::SqliteFile;
use uuid::Uuid;

use super::guards::{Class, Guards};
use super::issuers::{fetching, issuers};
use super::{AsStored, Model, Opened, Ports, Purpose, contexts};
use crate::config::{Auth, Config};
use health::{Check, Checks, Failing, Part};
use pipeline::SystemClock;

/// Bytes that a kept value counts for: a larger one takes the place of several.
const VALUE_BYTES: usize = 1_024;

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
    let file = Arc::new(file);
    let views = match purpose {
        Purpose::Serve => Views::served(&file, config),
        Purpose::Inspect => Views::as_saved(&file),
    };
    let ports = ports(views, file, &keys, &config.auth)?;
    Ok(Opened {
        background: fetching(&ports.issuers),
        ports,
        keys,
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

/// The views of the file.
struct Views {
    model: Arc<dyn ReadModel>,
    /// What of them is in memory.
    fast: Option<Source>,
}

impl Views {
    /// Seen at once, saved a little later.
    fn served(file: &Arc<SqliteFile>, config: &Config) -> Self {
        let projector = &config.projector;
        let linger = Duration::from_millis(projector.durable_linger_ms);
        let values = projector.cached_values_max.saturating_mul(VALUE_BYTES);
        let bytes = u64::try_from(values).unwrap_or(u64::MAX);
        let bytes = bytes.saturating_mul(config.embedded.partitions.into());
        let views = WriteBehind::new(Arc::clone(file) as _, linger, bytes);
        let fast = Source {
            name: "memory",
            model: Arc::new(views.in_memory()),
            guard: None,
            lists: false,
        };
        Self {
            model: Arc::new(views),
            fast: Some(fast),
        }
    }

    /// For one whose work must be saved when it ends.
    fn as_saved(file: &Arc<SqliteFile>) -> Self {
        Self {
            model: Arc::clone(file) as _,
            fast: None,
        }
    }
}

fn ports(
    views: Views,
    file: Arc<SqliteFile>,
    keys: &LocalKeys,
    auth: &Auth,
) -> anyhow::Result<Ports> {
    let stored = Arc::new(file.as_stored());
    #[expect(
        clippy::disallowed_methods,
        reason = "jitter of waits only: no decision and no record depends on it"
    )]
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
    let lists = Source {
        name: "sqlite",
        model: Arc::clone(&views.model),
        guard: Some(guards.of(&class("read"))?),
        lists: true,
    };
    let sources = views.fast.into_iter().chain([lists]).collect();
    let history = History {
        name: "events",
        reader: Arc::clone(&file) as _,
        store: Arc::clone(&file) as _,
        guard: guards.of(&class("fold"))?,
        expensive_guard: guards.of(&Class::expensive("sqlite"))?,
    };
    let models = vec![Model {
        name: "sqlite",
        model: views.model,
        durable: true,
        lingers: false,
    }];
    let authority = ConfiguredAuthority::new(keys.records.clone(), &contexts(), "", Vec::new())?;
    Ok(Ports {
        command_log: Arc::clone(&file) as _,
        event_log: Arc::clone(&file) as _,
        store: Arc::clone(&file) as _,
        reader: Arc::clone(&file) as _,
        snapshots: Arc::clone(&file) as _,
        folds: Arc::clone(&file) as _,
        dead_letters: Arc::clone(&file) as _,
        letters_guard: guards.of(&Class::letters("sqlite"))?,
        steps_guard: guards.of(&Class::steps("sqlite"))?,
        parked_calls: Arc::clone(&file) as _,
        bindings: Arc::clone(&file) as _,
        announcing: None,
        inbox_guard: guards.of(&class("inbox"))?,
        bindings_guard: guards.of(&class("keys"))?,
        timers: Arc::clone(&file) as _,
        replies: Arc::new(MemoryReplies::default()),
        heartbeats: Arc::new(MemoryHeartbeats::default()),
        rates: Arc::new(MemoryRates::default()),
        rates_guard: guards.of(&class("rates"))?,
        sessions: Arc::new(MemorySessions::default()),
        sessions_guard: guards.of(&class("sessions"))?,
        authority: Arc::new(authority),
        issuers: issuers(auth, keys, &guards)?,
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

/// The file is this process's own: no other process can serve in place of a broken one.
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
