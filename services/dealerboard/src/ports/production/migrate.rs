//! `dealerboard migrate`: database, keys and topics of a production installation.

use eventstore::postgres::HeldKeys;
use identity::{KeyDirectory, LocalKeys, Settled, settle_in_directory, settle_wrapped};
use log::KafkaLog;
use log::kafka::TopicSettings;
use pipeline::Slices;
use readmodel::PostgresReadModel;

use super::installation::Installation;
use super::kafka_settings;
use crate::config::Config;

/// Brings database and topics to this version, and makes the keys of an installation that has none.
/// Running it again changes nothing, and any number may run at once. Returns what an operator must
/// know of the topics and the keys, in sentences.
///
/// # Errors
/// A server cannot be reached, or holds another installation.
pub async fn migrate(config: &Config, slices: &Slices) -> anyhow::Result<Vec<String>> {
    let installation = Installation {
        config: config.clone(),
        slices: slices.clone(),
    };
    eventstore::postgres::migrate(&config.postgres.url, &installation.contexts()).await?;
    let keys = keys(config).await?;
    let views = PostgresReadModel::connect(&config.postgres.url, 1)?;
    for view in &slices.views {
        views.install(view.id).await?;
    }
    for progress in slices.progress() {
        views.install(progress).await?;
    }
    let topics = TopicSettings {
        partitions: config.kafka.partitions,
        replication: config.kafka.replication,
    };
    let (kafka, contexts) = (kafka_settings(config), slices.names());
    let mut sentences = log::kafka::create_topics(&kafka, &contexts, topics).await?;
    let log = KafkaLog::new(kafka)?;
    sentences.extend(log.unsafe_topics(&contexts, topics.partitions).await?);
    if !config.registry.url.is_empty() {
        let subjects = crate::slices::schemas().subjects(&config.kafka.prefix);
        registry::register_all(&config.registry.url, &subjects).await?;
    }
    sentences.push(keys);
    Ok(sentences)
}

async fn keys(config: &Config) -> anyhow::Result<String> {
    let directory = KeyDirectory::new(&config.auth.directory)?;
    let wrapping = config.auth.wrapping()?;
    let mut held = HeldKeys::hold(&config.postgres.url).await?;
    let installed = held.keys().await?;
    let Settled { keys, new } = match &wrapping {
        Some(wrapping) => settle_wrapped(wrapping, &directory, &installed)?,
        None => settle_in_directory(&directory, &installed)?,
    };
    held.settle(&new).await?;
    Ok(sentence(&keys, &directory, wrapping.is_some()))
}

fn sentence(keys: &LocalKeys, directory: &KeyDirectory, wrapped: bool) -> String {
    let fingerprints = &keys.fingerprints;
    if wrapped {
        return format!("the database keeps the keys ({fingerprints})");
    }
    let directory = directory.path().display();
    format!("every process needs the keys in {directory} ({fingerprints})")
}
