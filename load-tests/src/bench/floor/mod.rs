//! The floor under load, on real servers: matches over HTTP, reads while presence changes, figures.

mod figures;
mod paced;
mod people;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use kernel::{Actor, Role, Tenant};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::drain::to_f64;
use super::report::Row;
use dealerboard::cli::{Limits, Token};
use dealerboard::config::{Config, Mode, Producer};
use dealerboard::ports;
use dealerboard::roles::Platform;
use paced::{Load, Request};
use people::People;

/// Matches asked for per second, and the commands they are compared with.
const MATCHES_PER_SECOND: u64 = 500;
/// Reads per second while presence changes.
const READS_PER_SECOND: u64 = 500;
const PRESENCE_CHANGES_PER_SECOND: u64 = 2_000;
/// Room for every conversation that is open, as an operator gives it: by default it is for less.
const CACHED_PER_PARTITION: u64 = people::CONVERSATIONS / 2;
/// Time without an event after which a load is over.
const QUIET_FOR: Duration = Duration::from_secs(2);
/// Longest time until everything that was set up is seen.
const SETTLED_WAIT: Duration = Duration::from_secs(180);

const ROLES: &str = "gateway,processor,projector,reactor";

/// Figures of a full floor; each load lasts for some seconds.
pub(super) async fn rows(
    config: &Config,
    metrics: &PrometheusHandle,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let platform = platform(config).await?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let roles = ROLES.parse().map_err(anyhow::Error::msg)?;
    let run = platform.run(&roles, Some(listener), metrics.clone(), stop.clone());
    let work = async {
        let measured = measured(&platform, address, seconds).await;
        stop.cancel();
        measured
    };
    let (ran, rows) = tokio::join!(run, work);
    ran?;
    let mut rows = rows?;
    rows.extend(figures::rows(&platform).await?);
    Ok(rows)
}

/// Everything about the floor, and producers whom the broker vouches for.
async fn platform(config: &Config) -> anyhow::Result<Platform> {
    let mut config = config.clone();
    config.storage.mode = Mode::Production;
    let cached = usize::try_from(CACHED_PER_PARTITION)?;
    config.processor.cached_aggregates_max = cached;
    config.projector.cached_values_max = cached;
    let producer = |context: &str| {
        let tenant = Tenant::new(people::TENANT)?;
        anyhow::Ok(Producer::vouched(context, tenant, "generator".parse()?))
    };
    config.kafka.producers = vec![
        producer("queues")?,
        producer("agents")?,
        producer("conversations")?,
    ];
    ports::migrate(&config, &dealerboard::slices::all()).await?;
    let mut platform = Platform::open(config).await?;
    let trading = ["trades", "positions"];
    let slices = &mut platform.slices;
    slices
        .contexts
        .retain(|slice| !trading.contains(&slice.name));
    slices.views.retain(|slice| !trading.contains(&slice.of));
    slices
        .reactions
        .retain(|slice| !trading.contains(&slice.on));
    Ok(platform)
}

async fn measured(
    platform: &Platform,
    address: SocketAddr,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let people = People::new()?;
    telemetry::terminal::say("  the floor fills …");
    people.come(platform).await?;
    settled(platform).await?;
    let token = Token {
        tenant: Tenant::new(people::TENANT)?,
        actor: Actor::router(),
        roles: vec![Role::new("admin")?],
        limits: Limits::default(),
        hours: 1,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let loads = Load {
        address,
        token,
        seconds,
    };
    let states = states(platform, &people, &loads).await?;
    quiet(platform).await;
    let mut rows = matches(platform, &people, &loads).await?;
    rows.push(states);
    Ok(rows)
}

/// Matches, beside reservations by hand: the same command without a choice of agent.
async fn matches(platform: &Platform, people: &People, loads: &Load) -> anyhow::Result<Vec<Row>> {
    let by_hand = |number| people.reservation(number);
    let matched = |number| people.match_of(number);
    telemetry::terminal::say("  commands by hand …");
    let hands = loads.paced(MATCHES_PER_SECOND, 0, by_hand).await?;
    quiet(platform).await;
    telemetry::terminal::say("  matches …");
    let asked = loads.paced(MATCHES_PER_SECOND, 0, matched).await?;
    quiet(platform).await;
    telemetry::terminal::say("  as many as can be …");
    let hands_rate = loads.driven(people::CONVERSATIONS / 2, by_hand).await?;
    quiet(platform).await;
    let rate = loads.driven(people::CONVERSATIONS / 2, matched).await?;
    let beside = |row, percent, unit| {
        let (ours, limit) = (asked.percentile(percent), hands.percentile(percent));
        Row::beside(row, ours, unit, limit)
    };
    Ok(vec![
        beside("match_p50", 50, "ms"),
        beside("match_p99", 99, "ms"),
        Row::beside("matches", rate, "matches/s", hands_rate),
    ])
}

/// Reads of agents' states while agents come and go.
async fn states(platform: &Platform, people: &People, loads: &Load) -> anyhow::Result<Row> {
    telemetry::terminal::say("  reads while presence changes …");
    let reads = |number| Request::get(format!("/v1/agents/{}/state", people.agent(number)));
    let (changed, read) = tokio::join!(
        people.change(platform, PRESENCE_CHANGES_PER_SECOND, loads.seconds),
        loads.paced(READS_PER_SECOND, 0, reads)
    );
    changed?;
    people.return_to_work(platform).await?;
    Ok(Row::alone("agent_state_p99", read?.percentile(99), "ms"))
}

/// Waits until what the load before set off has come to rest.
async fn quiet(platform: &Platform) {
    let mut before = platform.floor.seen();
    loop {
        tokio::time::sleep(QUIET_FOR).await;
        let now = platform.floor.seen();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Waits until floor and figures have the events of all agents and conversations.
async fn settled(platform: &Platform) -> anyhow::Result<()> {
    let until = tokio::time::Instant::now() + SETTLED_WAIT;
    let tenant = Tenant::new(people::TENANT)?;
    loop {
        let waiting = platform.floor.ask(|floor| {
            let queues = people::queues().map(|queue| floor.waiting(&tenant, &queue));
            queues.map(u64::from).sum::<u64>()
        });
        if waiting >= people::CONVERSATIONS && platform.floor.age().is_some() {
            return Ok(());
        }
        anyhow::ensure!(
            tokio::time::Instant::now() < until,
            "{} of {} conversations wait",
            to_f64(waiting),
            people::CONVERSATIONS
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
