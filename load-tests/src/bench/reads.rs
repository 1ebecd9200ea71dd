//! Reads over HTTP, beside a bare handler that sends the same bytes from the same place.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use kernel::{Actor, Role, Tenant};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::bare::Bare;
use super::drain::to_f64;
use super::live::Latencies;
use super::load::{Connection, ask};
use super::report::Row;
use dealerboard::cli::{Limits, Token};
use dealerboard::config::{Config, Mode};
use dealerboard::ports;
use dealerboard::roles::Platform;

/// The platform and the bare handler are asked in turns, so that other work of the machine affects
/// both.
const ROUNDS: u32 = 8;
/// Time each is asked for in a round.
const ASKED_FOR: Duration = Duration::from_millis(1_500);

const TENANT: &str = "bench";
const TRADE: &str = "T-READ";
const PATH: &str = "/v1/trades/T-READ";

/// `read_memory` on the embedded platform, `read_redis` on the production one.
pub(super) async fn rows(config: &Config, metrics: &PrometheusHandle) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let mut embedded = config.clone();
    embedded.storage.mode = Mode::Embedded;
    embedded.embedded.file = directory.path().join("bench.db");
    let mut production = config.clone();
    production.storage.mode = Mode::Production;
    ports::migrate(&production, &dealerboard::slices::all()).await?;
    let mut rows = Vec::new();
    for (row, p99, config) in [
        ("read_memory", "read_memory_p99", embedded),
        ("read_redis", "read_redis_p99", production),
    ] {
        let Measured { ours, bare } = measured(config, metrics).await?;
        let latencies = Latencies::of(ours);
        rows.push(Row::beside(
            row,
            rate(latencies.count()),
            "reads/s",
            rate(bare),
        ));
        rows.push(Row::alone(p99, latencies.percentile(99), "ms"));
    }
    Ok(rows)
}

/// The results of asking both.
struct Measured {
    /// How long each of our answers took, in milliseconds.
    ours: Vec<f64>,
    /// Answers of the bare handler.
    bare: usize,
}

fn rate(answers: usize) -> f64 {
    to_f64(answers as u64) / (ASKED_FOR * ROUNDS).as_secs_f64()
}

/// Books a trade on a platform of its own and reads it from many connections.
async fn measured(config: Config, metrics: &PrometheusHandle) -> anyhow::Result<Measured> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let platform = Platform::open(config).await?;
    let token = Token {
        tenant: Tenant::new(TENANT)?,
        actor: Actor::new("reader")?,
        roles: vec![Role::new("admin")?],
        limits: Limits::default(),
        hours: 1,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let stop = CancellationToken::new();
    let roles = "gateway,processor,projector"
        .parse()
        .map_err(anyhow::Error::msg)?;
    let run = platform.run(&roles, Some(listener), metrics.clone(), stop.clone());
    let work = async {
        let measured = in_turns(&platform, address, &token).await;
        stop.cancel();
        measured
    };
    let (ran, worked) = tokio::join!(run, work);
    ran?;
    worked
}

async fn in_turns(
    platform: &Platform,
    address: SocketAddr,
    token: &str,
) -> anyhow::Result<Measured> {
    let body = booked(address, token).await?;
    let mut bare = match platform.config.storage.mode {
        Mode::Embedded => Bare::Memory(body),
        Mode::Production => {
            Bare::on_redis(platform, &Tenant::new(TENANT)?, &TRADE.parse()?).await?
        }
    };
    bare.ready().await?;
    let (server, handle, bare) = bare.serve(PATH, platform.config.http.workers)?;
    let request: Arc<[u8]> = request(token).into();
    let rounds = async {
        let mut measured = Measured {
            ours: Vec::new(),
            bare: 0,
        };
        for _ in 0..ROUNDS {
            let ours = ask(address, Arc::clone(&request), ASKED_FOR).await?;
            measured.ours.extend(ours);
            let bare = ask(bare, Arc::clone(&request), ASKED_FOR).await?;
            measured.bare += bare.len();
        }
        anyhow::Ok(measured)
    };
    let work = async {
        let measured = rounds.await;
        handle.stop(true).await;
        measured
    };
    let (served, measured) = tokio::join!(server, work);
    served?;
    measured
}

async fn booked(address: SocketAddr, token: &str) -> anyhow::Result<Bytes> {
    let body = format!(
        r#"{{"trade_id":"{TRADE}","account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"100","price":"181.52","currency":"USD","traded_at":"2013-10-07T13:30:00Z"}}"#
    );
    let book = format!(
        "POST /v1/trades HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nprefer: wait=20\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = Connection::open(address).await?;
    connection.ask(book.as_bytes()).await?;
    let read = request(token);
    for _ in 0..1_000 {
        if connection.ask(&read).await? == b"200" {
            return Ok(Bytes::copy_from_slice(connection.body()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("the booked trade did not become visible")
}

fn request(token: &str) -> Vec<u8> {
    format!("GET {PATH} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}
