//! Kafka, Postgres and Redis.

use std::sync::Arc;
use std::time::Duration;

use eventstore::PostgresEventStore;
use eventstore::postgres::Installed;
use futures::FutureExt;
use kernel::port::{Framing, ReadModel, Schemas};
use log::kafka::TopicSettings;
use log::{KafkaLog, KafkaSettings};
use pipeline::{Announcing, History, Slices, Source};
use readmodel::{PostgresReadModel, RedisKeyBindings, RedisOptions, RedisReadModel, RedisReplies};
use registry::{RegistryFraming, RegistrySchemas};
use resilience::Name;
use uuid::Uuid;

use super::authority::ConfiguredAuthority;
use super::guards::{Class, Guards};
use super::{LocalKeys, Model, Ports, contexts};
use crate::config::Config;
use crate::gateway::{Check, Readiness};

pub(super) fn open(config: &Config, keys: &LocalKeys) -> anyhow::Result<Ports> {
    let framing = framing(config)?;
    let frames = framing.clone().map(|framing| framing as Arc<dyn Framing>);
    let kafka = Arc::new(KafkaLog::new(kafka_settings(config))?.framing(frames));
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
        },
        Model {
            name: "postgres",
            model: Arc::clone(&postgres) as _,
            durable: true,
        },
    ];
    let (prefix, producers) = (&config.kafka.prefix, &config.kafka.producers);
    let authority = ConfiguredAuthority::new(keys.records.clone(), prefix, &contexts(), producers)?;
    let outcomes = Arc::clone(&kafka) as _;
    Ok(Ports {
        readiness: readiness(&store, &redis, &kafka, framing.as_ref()),
        command_log: Arc::clone(&kafka) as _,
        event_log: kafka,
        reader: Arc::clone(&store) as _,
        snapshots: Arc::clone(&store) as _,
        dead_letters: Arc::clone(&store) as _,
        timers: Arc::clone(&store) as _,
        replies: Arc::new(RedisReplies::new(&redis_options)?),
        bindings: Arc::new(RedisKeyBindings::new(&redis_options)?),
        announcing: Some(Announcing {
            outbox: Arc::clone(&store) as _,
            log: outcomes,
        }),
        inbox_guard: guards.of(&class("postgres", "inbox", 500))?,
        bindings_guard: guards.of(&class("redis", "keys", 250))?,
        authority: Arc::new(authority),
        schemas: schemas(config)?,
        framing,
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

fn readiness(
    store: &Arc<PostgresEventStore>,
    redis: &RedisReadModel,
    kafka: &Arc<KafkaLog>,
    framing: Option<&Arc<RegistryFraming>>,
) -> Readiness {
    let (store, redis, kafka) = (Arc::clone(store), redis.clone(), Arc::clone(kafka));
    let told = |fault: kernel::Fault| fault.to_string();
    let postgres = Check {
        name: "postgres",
        ask: Box::new(move || {
            let store = Arc::clone(&store);
            async move { store.ping().await.map_err(told) }.boxed()
        }),
    };
    let probe = kernel::port::ViewId {
        name: "ready",
        version: 1,
    };
    let redis = Check {
        name: "redis",
        ask: Box::new(move || {
            let redis = redis.clone();
            async move { redis.checkpoint(probe, 0).await.map(drop).map_err(told) }.boxed()
        }),
    };
    let kafka = Check {
        name: "kafka",
        ask: Box::new(move || {
            let kafka = Arc::clone(&kafka);
            async move { kafka.ping().await.map_err(told) }.boxed()
        }),
    };
    let registry = framing.cloned().map(|framing| Check {
        name: "registry",
        ask: Box::new(move || std::future::ready(framing.ready()).boxed()),
    });
    let checks = [kafka, postgres, redis].into_iter().chain(registry);
    Readiness(Arc::new(checks.collect()))
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

/// Brings database and topics to this version; running it again changes nothing. Answers what whoever
/// runs it must know of the topics, in sentences.
pub(crate) async fn migrate(config: &Config, slices: &Slices) -> anyhow::Result<Vec<String>> {
    let contexts: Vec<Installed> = slices
        .contexts
        .iter()
        .map(|context| Installed {
            context: context.name,
            aggregate_type: context.aggregate_type,
            partitions: config.kafka.partitions,
        })
        .collect();
    eventstore::postgres::migrate(&config.postgres.url, &contexts).await?;
    let views = PostgresReadModel::connect(&config.postgres.url, 1)?;
    for view in &slices.views {
        views.install(view.id).await?;
    }
    for reaction in &slices.reactions {
        views.install(reaction.progress).await?;
    }
    let topics = TopicSettings {
        partitions: config.kafka.partitions,
        replication: config.kafka.replication,
    };
    let (kafka, contexts) = (kafka_settings(config), slices.names());
    let mut told = log::kafka::create_topics(&kafka, &contexts, topics).await?;
    let log = KafkaLog::new(kafka)?;
    told.extend(
        log.unsafe_topics(&contexts, config.kafka.partitions)
            .await?,
    );
    if !config.registry.url.is_empty() {
        let subjects = crate::slices::schemas().subjects(&config.kafka.prefix);
        registry::register_all(&config.registry.url, &subjects).await?;
    }
    Ok(told)
}
