//! Configuration: the default file, then a file, then the environment.

mod auth;
mod limits;
mod producer;
mod session;
mod tenants;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use identity::Sending;
use kernel::{Actor, Venues};
use matching::UnknownQueues;
use serde::{Deserialize, Serialize};

pub use auth::{Auth, Hidden};
pub use limits::{Limits, Quotas};
pub use producer::{Misplaced, Outcomes, Producer};
pub use session::Session;
pub use tenants::Tenants;

/// Every key with its default and what it means.
const DEFAULTS: &str = include_str!("../../../../config/default.toml");

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
    pub limits: Limits,
    pub operations: Operations,
    pub auth: Auth,
    pub session: Session,
    pub tenants: Tenants,
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
    /// Whether a record's sender may prove itself by an access token.
    pub bearer_tokens: bool,
    #[serde(default)]
    pub producers: Vec<Producer>,
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

/// What operators may reach.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    pub tenants: Vec<kernel::Tenant>,
}

/// The treatment of names that are in no catalogue.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub unknown_queues: UnknownQueues,
    /// For tenants who want it otherwise.
    pub tenants: HashMap<kernel::Tenant, UnknownQueues>,
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

    /// The systems that write commands to the log by themselves.
    #[must_use]
    pub fn sending(&self) -> Vec<Sending> {
        let venues = self.known_venues();
        let producers = self.kafka.producers.iter();
        let sending = producers.map(|configured| Sending {
            context: configured.context.clone(),
            producer: configured.producer(&venues),
            secret_file: configured.secret_file.clone(),
        });
        sending.collect()
    }

    /// The names of the configured issuers, for people.
    #[must_use]
    pub fn issuers(&self) -> String {
        let names: Vec<_> = self
            .auth
            .issuers
            .iter()
            .map(|issuer| issuer.issuer.as_str())
            .collect();
        names.join(", ")
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
        faults.extend(self.kafka.producers.iter().flat_map(Producer::faults));
        let auth = &self.auth;
        if !auth.wrapping_key.expose().is_empty() && !auth.wrapping_key_file.as_os_str().is_empty()
        {
            faults.push("auth.wrapping_key and auth.wrapping_key_file are both given".to_owned());
        }
        if auth.audience.is_empty() {
            faults.push("auth.audience is empty".to_owned());
        }
        faults.extend(identity::faults(&auth.issuers, auth.local));
        faults.extend(self.session.faults());
        faults.extend(self.tenants.faults());
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

    use super::{Config, Mode};
    use matching::UnknownQueues;

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
