//! The settings of every kind of consumer.

use rdkafka::config::ClientConfig;

use super::KafkaSettings;

/// Fetches for readers that are behind: much at once, and soon again.
pub(super) fn catching_up(settings: &KafkaSettings) -> ClientConfig {
    let mut config = fetching(settings, "fetch");
    config.set("queued.min.messages", "20000");
    bounded(settings, &mut config, "fetch.message.max.bytes", "1048576");
    bounded(settings, &mut config, "fetch.max.bytes", "4194304");
    bounded(settings, &mut config, "queued.max.messages.kbytes", "16384");
    // A partition added to others waits for the request under way, which may wait for their records.
    config.set("fetch.wait.max.ms", "20");
    config
}

/// Fetches the ends of topics: most requests wait, and are answered when there is something.
pub(super) fn waiting(settings: &KafkaSettings) -> ClientConfig {
    let mut config = catching_up(settings);
    config
        .set("group.id", format!("{}tails", settings.prefix))
        .set("fetch.wait.max.ms", "500");
    config
}

/// Looks at single records.
pub(super) fn looking(settings: &KafkaSettings) -> ClientConfig {
    let mut config = fetching(settings, "looks");
    config
        .set("queued.min.messages", "1")
        .set("fetch.message.max.bytes", "65536")
        .set("fetch.wait.max.ms", "20");
    config
}

/// Asks about partitions and reads none.
pub(super) fn asking(settings: &KafkaSettings) -> ClientConfig {
    settings.client()
}

/// A member of a group, which is assigned partitions and fetches none.
pub(super) fn member(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = settings.client();
    config
        .set("group.id", group)
        // Eager: a partition is handed back before another process gets it, and librdkafka's
        // cooperative mode can lose an assignment when offsets are committed by hand.
        .set("partition.assignment.strategy", "roundrobin")
        .set("session.timeout.ms", "10000")
        .set("heartbeat.interval.ms", "2000")
        // The database holds where to continue; Kafka's offsets are for lag tools.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        // What is fetched in the moment before all is paused is thrown away.
        .set("queued.min.messages", "1")
        .set("fetch.message.max.bytes", "65536");
    if let Some(instance) = &settings.instance {
        config.set("group.instance.id", instance);
    }
    config
}

fn fetching(settings: &KafkaSettings, name: &str) -> ClientConfig {
    let mut config = settings.client();
    config
        // librdkafka assigns nothing without a group's name, though no group is joined.
        .set("group.id", format!("{}{name}", settings.prefix))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that is gone must stop us, never skip.
        .set("auto.offset.reset", "error")
        // Reports that everything has been read.
        .set("enable.partition.eof", "true")
        // The default second of pause would be the latency after every full queue.
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "50")
        .set("check.crcs", "true");
    config
}

/// Sets a bound unless the operator has set it. A larger record comes all the same, alone.
fn bounded(settings: &KafkaSettings, config: &mut ClientConfig, name: &str, value: &str) {
    if !settings.client.contains_key(name) {
        config.set(name, value);
    }
}
