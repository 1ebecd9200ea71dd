//! Roles: what this process does of the pipeline. Each role has a file, and a row in the table.

mod table;

mod gateway;
mod processor;
mod projector;
mod reactor;
mod router;
mod sign_in;

mod bearers;
mod console;
mod expensive;
mod known;
mod members;
mod process;
mod supervise;
mod tenants;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ::members::Directory;
use ::tenants::Roll;
use access::OneManages;
use analytics::Metrics;
use anyhow::Context as _;
use kernel::Access;
use kernel::topic::PartitionId;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::accept::Sealer;
use pipeline::{FollowPorts, Followed, Movement, Slices, SystemClock, SystemIds};
use routing::Floor;
use simulation::demo::Demo;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::ports::{self, Background, LocalKeys, Opened, Ports, Purpose};

use process::{Process, Tasks};
use table::Need;

pub use table::Roles;

/// How often a start looks whether everything has been read.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Everything the roles of one process share.
pub struct Platform {
    pub config: Config,
    pub slices: Slices,
    pub ports: Ports,
    pub keys: LocalKeys,
    /// Who may do what.
    pub access: Arc<dyn Access>,
    /// What the ports need while it runs, by name.
    background: Vec<(&'static str, Background)>,
    pub sealer: Sealer,
    /// Sends a demo day beside the roles.
    pub demo: Option<Demo>,
    pub floor: Followed<Floor>,
    pub metrics: Followed<Metrics>,
    pub directory: Followed<Directory>,
    pub roll: Followed<Roll>,
    /// What the workers of this process are about.
    pub movement: Movement,
}

impl Platform {
    /// Opens what the configuration names, to serve.
    ///
    /// # Errors
    /// It cannot be opened, or is not the installation that these keys belong to.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        Self::open_for(Purpose::Serve, config).await
    }

    /// For a look at what is stored, damaged or not.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn inspect(config: Config) -> anyhow::Result<Self> {
        Self::open_for(Purpose::Inspect, config).await
    }

    async fn open_for(purpose: Purpose, config: Config) -> anyhow::Result<Self> {
        let slices = crate::slices::all();
        let policies = ports::policies(&config.auth.policies)?;
        let access = Arc::new(OneManages::new(policies, config.tenants.manager()));
        let Opened {
            ports,
            keys,
            background,
        } = ports::open(&config, &slices, purpose).await?;
        let sealer = Sealer {
            authority: Arc::clone(&ports.authority),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            framing: ports.framing.clone(),
        };
        let partitions = config.partitions();
        Ok(Self {
            floor: Followed::new(partitions),
            metrics: Followed::new(partitions),
            directory: Followed::new(partitions),
            roll: Followed::new(partitions),
            config,
            slices,
            ports,
            keys,
            access,
            background,
            sealer,
            demo: None,
            movement: Movement::default(),
        })
    }

    /// Every partition, or those of one context.
    pub(crate) fn partition_ids(&self, context: Option<&str>) -> anyhow::Result<Vec<PartitionId>> {
        let names = self.slices.names();
        let chosen = names.iter().copied();
        let chosen: Vec<_> = chosen
            .filter(|name| context.is_none_or(|context| context == *name))
            .collect();
        anyhow::ensure!(
            !chosen.is_empty(),
            "there is no such context; there are {}",
            names.join(", ")
        );
        let partitions = self.config.partitions();
        let of = |context| (0..partitions).map(move |partition| PartitionId { context, partition });
        Ok(chosen.into_iter().flat_map(of).collect())
    }

    /// The partition at CONTEXT/PARTITION.
    pub(crate) fn partition_id(&self, place: &str) -> anyhow::Result<PartitionId> {
        let form = "a partition is CONTEXT/NUMBER";
        let (context, partition) = place.split_once('/').context(form)?;
        let partition: u16 = partition.parse().context(form)?;
        let mut partition_ids = self.partition_ids(Some(context))?.into_iter();
        partition_ids
            .find(|partition_id| partition_id.partition == partition)
            .with_context(|| format!("{context} has no partition {partition}"))
    }

    /// Runs the roles until `stop`, or until one of their tasks ends: then all do.
    ///
    /// # Errors
    /// A role cannot start, or ended by itself.
    pub async fn run(
        &self,
        roles: &Roles,
        listener: Option<TcpListener>,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let process = Process::new(self, roles, listener, metrics, &stop)?;
        let mut tasks = Tasks::default();
        process.upkeep(&mut tasks)?;
        for role in roles.each() {
            (role.start)(&process, &mut tasks)?;
        }
        tasks.supervise(stop, process.halt).await
    }

    /// Ends when everything has been read that these roles hold in memory.
    pub(crate) async fn has_read(&self, roles: &Roles) {
        let has = |need, age: Option<Duration>| !roles.need(need) || age.is_some();
        let read = || {
            has(Need::Floor, self.floor.age())
                && has(Need::Figures, self.metrics.age())
                && (!self.needs_directory(roles) || self.directory.age().is_some())
                && (!self.needs_roll(roles) || self.roll.age().is_some())
        };
        while !read() {
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    /// Whether a process of these roles completes what tokens say.
    fn needs_directory(&self, roles: &Roles) -> bool {
        let of_records = roles.need(Need::Bearers) && self.config.kafka.bearer_tokens;
        roles.need(Need::Directory) || of_records
    }

    /// Whether a process of these roles has to know which tenants are served.
    fn needs_roll(&self, roles: &Roles) -> bool {
        roles.need(Need::Roll) && self.config.tenants.manager().is_some()
    }

    /// What a live projection is folded from, every event; nothing is kept of it.
    #[must_use]
    pub fn follow_ports(&self) -> FollowPorts {
        FollowPorts {
            event_log: Arc::clone(&self.ports.event_log),
            streams: Arc::clone(&self.ports.reader),
            snapshots: None,
            movement: self.movement.clone(),
        }
    }
}
