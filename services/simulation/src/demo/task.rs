//! The task that sends the demo day, at a gentle rate.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use kernel::port::{CommandLog, EventReader};
use kernel::{Actor, AggregateId, CommandId, Fault, Tenant};
use pipeline::accept::{Acceptor, Request, Sealer};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::day::Day;
use super::ticket::{By, Step};

/// Commands a second at speed 1: fast enough to see something move, slow enough to follow it.
const COMMANDS_PER_SECOND: f64 = 5.0;
/// Pause after the log or the store could not be reached.
const FAULT_PAUSE: Duration = Duration::from_secs(1);
const CONTEXT: &str = "trades";

/// How many times faster than [`COMMANDS_PER_SECOND`].
#[derive(Clone, Copy, Debug)]
pub struct Speed(f64);

/// The speed is not a number from 0.1 to 200: slower looks dead, faster is a load test.
#[derive(Debug, thiserror::Error)]
#[error("not a number from 0.1 to 200")]
pub struct NotASpeed;

impl FromStr for Speed {
    type Err = NotASpeed;

    fn from_str(text: &str) -> Result<Self, NotASpeed> {
        let speed = text.parse().map_err(|_| NotASpeed)?;
        (0.1..=200.0)
            .contains(&speed)
            .then_some(Self(speed))
            .ok_or(NotASpeed)
    }
}

/// What is played, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    pub seed: u64,
    pub speed: Speed,
}

/// The gateway's way in, and where a restart sees how far it was.
pub struct DemoPorts {
    pub command_log: Arc<dyn CommandLog>,
    pub sealer: Sealer,
    pub reader: Arc<dyn EventReader>,
    pub partitions: u16,
}

/// Who sends.
struct People {
    tenant: Tenant,
    trader: Actor,
    venue: Actor,
    control: Actor,
}

impl People {
    fn new() -> Self {
        let actor = |name| Actor::new(name).expect("a literal of letters and a dash");
        Self {
            tenant: Tenant::new("demo").expect("a literal of letters"),
            trader: actor("demo-trader"),
            venue: actor("demo-venue"),
            control: actor("demo-control"),
        }
    }

    fn actor(&self, by: By) -> &Actor {
        match by {
            By::Trader => &self.trader,
            By::Venue => &self.venue,
            By::Control => &self.control,
        }
    }
}

impl Demo {
    /// Sends until `stop`, and waits out every fault: the day continues where it was.
    pub async fn run(self, ports: DemoPorts, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.play(&ports) => {}
        }
    }

    async fn play(self, ports: &DemoPorts) {
        let sent = self.sent(ports.reader.as_ref()).await;
        info!(seed = self.seed, sent, "demo day continues");
        let instance = AggregateId::new("demo").expect("a literal of letters");
        let log = Arc::clone(&ports.command_log);
        let acceptor = Acceptor::new(log, ports.sealer.clone(), instance, ports.partitions);
        let people = People::new();
        let period = Duration::from_secs_f64(1.0 / (COMMANDS_PER_SECOND * self.speed.0));
        let mut ticks = tokio::time::interval(period);
        // After an outage it does not catch up: that would be a burst.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut day = Day::new(self.seed);
        for number in 0_u64.. {
            let step = day.step();
            if number >= sent {
                ticks.tick().await;
                self.send(&acceptor, &people, number, &step).await;
            }
        }
    }

    async fn send(self, acceptor: &Acceptor, people: &People, number: u64, step: &Step) {
        let request = || Request {
            context: CONTEXT,
            tenant: &people.tenant,
            actor: people.actor(step.by),
            identity: None,
            aggregate: &step.aggregate,
            id: Some(self.id(number)),
            kind: step.kind,
            data: &step.data,
            expected_version: None,
            correlation: None,
            causation: None,
        };
        while let Err(fault) = acceptor.accept(request()).await {
            rest(&fault).await;
        }
    }

    /// How many commands earlier runs have sent. They were sent in order, so doubling and halving
    /// finds it; the last few may not be handled yet and are sent again.
    async fn sent(self, reader: &dyn EventReader) -> u64 {
        let mut above = 1;
        while self.is_handled(reader, above - 1).await {
            above *= 2;
        }
        let mut below = above / 2;
        while below < above {
            let middle = below.midpoint(above);
            if self.is_handled(reader, middle).await {
                below = middle + 1;
            } else {
                above = middle;
            }
        }
        below
    }

    async fn is_handled(self, reader: &dyn EventReader, number: u64) -> bool {
        let id = self.id(number);
        loop {
            match reader.find(&[CONTEXT], id..=id).await {
                Ok(known) => return !known.is_empty(),
                Err(fault) => rest(&fault).await,
            }
        }
    }

    fn id(self, number: u64) -> CommandId {
        let name = format!("{}/{number}", self.seed);
        CommandId::of_work("demo", &name)
    }
}

async fn rest(fault: &Fault) {
    warn!(
        error = fault as &dyn std::error::Error,
        "demo day pauses, will continue"
    );
    tokio::time::sleep(FAULT_PAUSE).await;
}
