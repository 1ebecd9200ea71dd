//! Kafka, Postgres and Redis.

mod checks;
mod framing;
mod installation;
mod migrate;

use std::sync::Arc;
use std::time::Duration;

use eventstore::PostgresEventStore;
use eventstore::postgres::Look;
use futures::FutureExt as _;
use identity::{ConfiguredAuthority, KeyDirectory, LocalKeys};
use kernel::port::{Framing, Schemas};
use log::{KafkaLog, KafkaSettings};
use pipeline::{Announcing, History, Slices, Source};
use readmodel::{
    PostgresReadModel, RedisHeartbeats, RedisKeyBindings, RedisOptions, RedisRates, RedisReadModel,
    RedisReplies, RedisSessions,
};
use registry::{RegistryFraming, RegistrySchemas};
use resilience::Name;
use uuid::Uuid;

use super::guards::{Class, Guards};
use super::issuers::{fetching, issuers};
use super::{AsStored, Background, KeysAway, Model, Opened, Ports, contexts};
use crate::config::Config;

use super::tokens::compared;

use checks::Asked;
use installation::{Installation, Seen, Unseen};

pub use migrate::migrate;

/// What to do when there are no keys.
const NO_KEYS: &str = "mount the installation's keys there, which `dealerboard migrate` \
     makes once, or give auth.wrapping_key_file if the database keeps them";

pub(super) async fn open(config: &Config, slices: &Slices) -> anyhow::Result<Opened> {
    let installation = Installation {
        config: config.clone(),
        slices: slices.clone(),
    };
    let mut seen = installation.look().await?;
    let keys = keys(config, &mut seen)?;
    let framing = framing(config)?;
    let ports = ports(config, &keys, &seen.installation, framing.clone())?;
    let mut background = fetching(&ports.issuers);
    if let Some(framing) = framing {
        let learn = move |stop| framing::learn(Arc::clone(&framing), stop).boxed();
        background.push(("process/registry", Box::new(learn) as Background));
    }
    if let Some(unseen) = Unseen::of(seen, keys.fingerprints.clone()) {
        let watch = move |stop| unseen.clone().watch(stop).boxed();
        background.push(("process/installation", Box::new(watch)));
    }
    Ok(Opened {
        ports,
        keys,
        background,
    })
}

/// The installation's keys. None is made here: a process that made its own would sign what no other
/// takes.
fn keys(config: &Config, seen: &mut Seen) -> anyhow::Result<LocalKeys> {
    let nothing = || Ok(Look::default());
    if let Some(wrapping) = config.auth.wrapping()? {
        let look = std::mem::replace(&mut seen.database, nothing());
        return wrapping.keys(&look.map_err(KeysAway)?.keys);
    }
    let directory = KeyDirectory::new(&config.auth.directory)?;
    let keys = directory.keys(NO_KEYS)?;
    if let Ok(look) = &seen.database {
        keys.fingerprints.agree(&look.keys)?;
    }
    Ok(keys)
}

/// The installation's keys for a command that signs a token, and a warning when it could not be asked
/// whether they are.
pub(super) async fn keys_for_tokens(
    config: &Config,
) -> anyhow::Result<(LocalKeys, Option<String>)> {
    let installation = Installation {
        config: config.clone(),
        slices: crate::slices::all(),
    };
    if let Some(wrapping) = config.auth.wrapping()? {
        let look = installation.database().await.map_err(KeysAway)?;
        return Ok((wrapping.keys(&look.keys)?, None));
    }
    let keys = KeyDirectory::new(&config.auth.directory)?.keys(NO_KEYS)?;
    compared(keys, installation.database().await.map(|look| look.keys))
}

fn ports(
    config: &Config,
    keys: &LocalKeys,
    installation: &Installation,
    framing: Option<Arc<RegistryFraming>>,
) -> anyhow::Result<Ports> {
    let frames = framing.clone().map(|framing| framing as Arc<dyn Framing>);
    let kafka = Arc::new(KafkaLog::new(kafka_settings(config))?.framing(frames.clone()));
    let store = Arc::new(PostgresEventStore::new(
        &config.postgres.url,
        config.postgres.read_connections_max,
    )?);
    let redis_options = RedisOptions::new(
        &config.redis.url,
        &config.redis.prefix,
        config.kafka.partitions,
    );
    let redis = RedisReadModel::new(&redis_options)?;
    let postgres = Arc::new(PostgresReadModel::connect(
        &config.postgres.url,
        config.postgres.read_connections_max,
    )?);
    #[expect(
        clippy::disallowed_methods,
        reason = "jitter of waits only: no decision and no record depends on it"
    )]
    let guards = Guards::new(Uuid::new_v4());
    let (sources, history) = chain(&guards, config, &redis, &postgres, &store)?;
    let class = |dependency, class, timeout_ms| Class {
        name: Name { dependency, class },
        p99: Duration::from_millis(20),
        timeout: Duration::from_millis(timeout_ms),
        in_flight_max: 1_024,
    };
    let models = vec![
        Model {
            name: "redis",
            model: Arc::new(redis.for_projector()),
            durable: false,
            lingers: false,
        },
        Model {
            name: "postgres",
            model: Arc::new(postgres.for_projector()),
            durable: true,
            lingers: true,
        },
    ];
    let (prefix, sending) = (&config.kafka.prefix, config.sending());
    let authority = ConfiguredAuthority::new(keys.records.clone(), &contexts(), prefix, sending)?;
    let outcomes = Arc::clone(&kafka) as _;
    let stored = Arc::new(store.as_stored());
    let as_stored = AsStored {
        command_log: Arc::clone(&kafka) as _,
        event_log: Arc::clone(&kafka) as _,
        store: Arc::clone(&stored) as _,
        reader: Arc::clone(&stored) as _,
        snapshots: Arc::clone(&stored) as _,
        dead_letters: Arc::clone(&stored) as _,
        scrub: stored,
    };
    Ok(Ports {
        as_stored,
        checks: Arc::new(
            Asked {
                store: &store,
                redis: &redis,
                kafka: &kafka,
                framing: framing.as_ref(),
            }
            .checks(installation),
        ),
        command_log: Arc::clone(&kafka) as _,
        event_log: kafka,
        reader: Arc::clone(&store) as _,
        snapshots: Arc::clone(&store) as _,
        folds: Arc::clone(&store) as _,
        dead_letters: Arc::clone(&store) as _,
        letters_guard: guards.of(&Class::letters("postgres"))?,
        steps_guard: guards.of(&Class::steps("postgres"))?,
        parked_calls: Arc::clone(&store) as _,
        timers: Arc::clone(&store) as _,
        replies: Arc::new(RedisReplies::new(&redis_options)?),
        bindings: Arc::new(RedisKeyBindings::new(&redis_options)?),
        heartbeats: Arc::new(RedisHeartbeats::new(&redis_options)?),
        rates: Arc::new(RedisRates::new(&redis_options)?),
        rates_guard: guards.of(&class("redis", "rates", 100))?,
        sessions: Arc::new(RedisSessions::new(&redis_options)?),
        sessions_guard: guards.of(&class("redis", "sessions", 250))?,
        announcing: Some(Announcing {
            outbox: Arc::clone(&store) as _,
            log: outcomes,
        }),
        inbox_guard: guards.of(&class("postgres", "inbox", 500))?,
        bindings_guard: guards.of(&class("redis", "keys", 250))?,
        authority: Arc::new(authority),
        issuers: issuers(&config.auth, keys, &guards)?,
        schemas: schemas(config)?,
        framing: frames,
        models,
        sources,
        history,
        store,
    })
}

/// Redis, then Postgres's views with a share of its connections, then its events.
fn chain(
    guards: &Guards,
    config: &Config,
    redis: &RedisReadModel,
    postgres: &Arc<PostgresReadModel>,
    store: &Arc<PostgresEventStore>,
) -> anyhow::Result<(Vec<Source>, History)> {
    // A third of the pool: when Redis is away its readers must not starve the rest.
    let share = (config.postgres.read_connections_max / 3).max(1);
    let class = |dependency, class, p99_ms, timeout_ms, in_flight_max| Class {
        name: Name { dependency, class },
        p99: Duration::from_millis(p99_ms),
        timeout: Duration::from_millis(timeout_ms),
        in_flight_max,
    };
    let sources = vec![
        Source {
            name: "redis",
            model: Arc::new(redis.clone()),
            guard: Some(guards.of(&class("redis", "read", 20, 250, 1_024))?),
            lists: false,
        },
        Source {
            name: "postgres",
            model: Arc::clone(postgres) as _,
            guard: Some(guards.of(&class("postgres", "read", 100, 1_000, share))?),
            lists: true,
        },
    ];
    let history = History {
        name: "events",
        reader: Arc::clone(store) as _,
        store: Arc::clone(store) as _,
        guard: guards.of(&class("postgres", "fold", 200, 2_000, share))?,
        expensive_guard: guards.of(&Class::expensive("postgres"))?,
    };
    Ok((sources, history))
}

fn schemas(config: &Config) -> anyhow::Result<Option<Arc<dyn Schemas>>> {
    if config.registry.url.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(RegistrySchemas::new(&config.registry.url)?)))
}

fn framing(config: &Config) -> anyhow::Result<Option<Arc<RegistryFraming>>> {
    if config.registry.url.is_empty() {
        return Ok(None);
    }
    let written = crate::slices::schemas().written(&config.kafka.prefix);
    let framing = RegistryFraming::new(&config.registry.url, written)?;
    Ok(Some(Arc::new(framing)))
}

fn kafka_settings(config: &Config) -> KafkaSettings {
    let instance = config.kafka.instance.as_str();
    KafkaSettings {
        brokers: config.kafka.brokers.clone(),
        prefix: config.kafka.prefix.clone(),
        instance: (!instance.is_empty()).then(|| instance.to_owned()),
        client: config.kafka.client.clone(),
    }
}
