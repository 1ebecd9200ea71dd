//! Configuration: the default file, then a file, then the environment.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use kernel::{Actor, Venues, port};
use matching::UnknownQueues;
use serde::{Deserialize, Serialize, Serializer};

/// Every key with its default and what it means.
const DEFAULTS: &str = include_str!("../../../config/default.toml");

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub storage: Storage,
    pub embedded: Embedded,
    pub kafka: Kafka,
    pub postgres: Postgres,
    pub redis: Redis,
    pub registry: Registry,
    pub processor: Processor,
    pub projector: Projector,
    pub query: Query,
    pub live: Live,
    pub catalogue: Catalogue,
    pub auth: Auth,
    #[serde(default)]
    pub venues: Vec<Venue>,
}

/// A market that reports executions, corrections and busts by itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Venue {
    pub tenant: kernel::Tenant,
    pub actor: kernel::Actor,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub bind: String,
    pub workers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Embedded,
    Production,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub mode: Mode,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    pub file: PathBuf,
    pub partitions: u16,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    pub brokers: String,
    pub prefix: String,
    pub partitions: u16,
    pub replication: u16,
    pub instance: String,
    pub client: BTreeMap<String, String>,
    #[serde(default)]
    pub producers: Vec<Producer>,
}

/// A system that writes commands to the log by itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// The actor's name if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub context: String,
    pub tenant: kernel::Tenant,
    pub actor: kernel::Actor,
    /// The key it signs its records with; without one the broker must vouch for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    #[serde(default)]
    pub misplaced: Misplaced,
    #[serde(default)]
    pub outcomes: Outcomes,
}

/// The treatment of its records that are in another partition than their key belongs to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Misplaced {
    #[default]
    Park,
    Forward,
}

/// Which outcomes it gets on the topic of outcomes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcomes {
    #[default]
    Refused,
    All,
}

impl Producer {
    /// One that the broker vouches for.
    pub fn vouched(context: &str, tenant: kernel::Tenant, actor: kernel::Actor) -> Self {
        Self {
            name: None,
            context: context.to_owned(),
            tenant,
            actor,
            secret_file: None,
            misplaced: Misplaced::default(),
            outcomes: Outcomes::default(),
        }
    }

    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.actor.as_str())
    }

    /// As the pipeline knows it.
    pub fn producer(&self, venues: &Venues) -> port::Producer {
        port::Producer {
            name: self.name().to_owned(),
            tenant: self.tenant.clone(),
            actor: venues.known(&self.tenant, &self.actor),
            misplaced: match self.misplaced {
                Misplaced::Park => port::Misplaced::Park,
                Misplaced::Forward => port::Misplaced::Forward,
            },
            outcomes: match self.outcomes {
                Outcomes::Refused => port::Outcomes::Refused,
                Outcomes::All => port::Outcomes::All,
            },
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    pub url: String,
    pub read_connections_max: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: String,
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    pub url: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Processor {
    pub batch_commands_max: usize,
    pub cached_aggregates_max: usize,
    pub value_bytes_max: usize,
    pub snapshot_events_min: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Projector {
    pub batch_events_max: usize,
    pub linger_ms: u64,
    pub durable_linger_ms: u64,
    pub cached_values_max: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub log_position_wait_ms: u64,
    pub fold_events_max: u64,
    pub history_events_max: u64,
    pub recall_events_max: u64,
    pub expensive_threads: usize,
    pub expensive_allowance_ms: u64,
    pub last_good_max: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    pub streams_max: usize,
    pub tenant_streams_max: usize,
    pub waiting_bytes_max: usize,
    pub recent_bytes_max: usize,
    pub resume_events_max: u64,
    pub cached_values_max: usize,
}

/// The treatment of names that are in no catalogue.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub unknown_queues: UnknownQueues,
    /// For tenants who want it otherwise.
    pub tenants: HashMap<kernel::Tenant, UnknownQueues>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub directory: PathBuf,
    pub audience: String,
    pub wrapping_key_file: PathBuf,
    pub wrapping_key: Hidden,
}

/// A secret that cannot print.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    #[cfg(test)]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("hidden")
    }
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Production => "production",
        }
    }
}

impl Config {
    /// The actors whose reports of executions are facts.
    #[must_use]
    pub fn known_venues(&self) -> Venues {
        let venues = self.venues.iter();
        venues
            .map(|venue| (venue.tenant.clone(), venue.actor.clone()))
            .collect()
    }

    /// Reads defaults, the given file and the environment, in that order.
    ///
    /// # Errors
    /// A key is unknown or of another type, or a value is out of its bounds: all of them at once.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let config: Self = figment
            .merge(Env::prefixed("DEALERBOARD__").split("__"))
            .extract()?;
        let faults = config.faults();
        anyhow::ensure!(
            faults.is_empty(),
            "configuration is not valid: {}",
            faults.join("; ")
        );
        Ok(config)
    }

    /// Everything that is wrong, at once.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut bound = |name: &str, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                faults.push(format!("{name} is {value}, not within {least}..={most}"));
            }
        };
        bound(
            "embedded.partitions",
            self.embedded.partitions.into(),
            1,
            1024,
        );
        bound("kafka.partitions", self.kafka.partitions.into(), 1, 1024);
        bound("kafka.replication", self.kafka.replication.into(), 1, 32);
        let connections = self.postgres.read_connections_max.into();
        bound("postgres.read_connections_max", connections, 1, 1_000);
        let batch = self.processor.batch_commands_max as u64;
        bound("processor.batch_commands_max", batch, 1, 100_000);
        bound(
            "processor.value_bytes_max",
            self.processor.value_bytes_max as u64,
            256,
            16 << 20,
        );
        bound(
            "processor.snapshot_events_min",
            self.processor.snapshot_events_min,
            1,
            u64::MAX,
        );
        let batch = self.projector.batch_events_max as u64;
        bound("projector.batch_events_max", batch, 1, 100_000);
        bound(
            "projector.durable_linger_ms",
            self.projector.durable_linger_ms,
            0,
            60_000,
        );
        bound(
            "query.log_position_wait_ms",
            self.query.log_position_wait_ms,
            1,
            30_000,
        );
        let fold = self.query.fold_events_max;
        bound("query.fold_events_max", fold, 1, 10_000);
        let history = self.query.history_events_max;
        bound("query.history_events_max", history, fold, 10_000_000);
        let recall = self.query.recall_events_max;
        bound("query.recall_events_max", recall, 1, 1_000_000_000);
        let threads = self.query.expensive_threads as u64;
        bound("query.expensive_threads", threads, 0, 256);
        let allowance = self.query.expensive_allowance_ms;
        bound("query.expensive_allowance_ms", allowance, 1, 3_600_000);
        let live = &self.live;
        let streams = live.streams_max as u64;
        bound("live.streams_max", streams, 1, 1_000_000);
        let of_tenant = live.tenant_streams_max as u64;
        bound("live.tenant_streams_max", of_tenant, 1, streams);
        let waiting = live.waiting_bytes_max as u64;
        bound("live.waiting_bytes_max", waiting, 16 << 10, 64 << 20);
        let recent = live.recent_bytes_max as u64;
        bound("live.recent_bytes_max", recent, 1 << 20, 16 << 30);
        let resume = live.resume_events_max;
        bound("live.resume_events_max", resume, 0, 1_000_000);
        let cached = live.cached_values_max as u64;
        bound("live.cached_values_max", cached, 1_000, 10_000_000);
        for Venue { actor, .. } in &self.venues {
            if actor.is_platform() || actor.is_venue() || Actor::venue(actor.as_str()).is_err() {
                faults.push(format!("venues: {actor} is no name for a venue"));
            }
        }
        let auth = &self.auth;
        if !auth.wrapping_key.expose().is_empty() && !auth.wrapping_key_file.as_os_str().is_empty()
        {
            faults.push("auth.wrapping_key and auth.wrapping_key_file are both given".to_owned());
        }
        faults
    }

    /// Partitions per context in the chosen mode.
    pub fn partitions(&self) -> u16 {
        match self.storage.mode {
            Mode::Embedded => self.embedded.partitions,
            Mode::Production => self.kafka.partitions,
        }
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::{Config, Hidden, Mode};
    use matching::UnknownQueues;

    #[test]
    fn secret_does_not_print() {
        let secret = Hidden("c2VjcmV0".to_owned());
        let printed = format!("{secret:?}{}", serde_json::to_string(&secret).unwrap());
        assert!(!printed.contains("c2Vj"), "{printed}");
    }

    #[test]
    fn default_file_is_a_valid_configuration() {
        assert_eq!(Config::load(None).unwrap().storage.mode, Mode::Embedded);
    }

    #[test]
    fn tenant_may_want_unknown_queues_refused() {
        let text = super::DEFAULTS.replace("# demo = \"refuse\"", "demo = \"refuse\"");
        let config: Config = Figment::from(Toml::string(&text)).extract().unwrap();
        let of = |tenant: &str| {
            config
                .catalogue
                .tenants
                .get(&tenant.parse().unwrap())
                .copied()
        };
        assert_eq!(of("demo"), Some(UnknownQueues::Refuse));
        assert_eq!(of("acme"), None);
        assert_eq!(config.catalogue.unknown_queues, UnknownQueues::Warn);
    }
}
