//! Reads over HTTP, beside a bare handler that sends the same bytes.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use kernel::{Actor, Tenant};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::drain::to_f64;
use super::live::Latencies;
use super::report::Row;
use crate::cli::token::Token;
use crate::config::{Config, Mode};
use crate::roles::Platform;

/// Connections that ask, each one question after the other.
const CONNECTIONS: usize = 64;
/// Time each surface is asked for.
const ASKED_FOR: Duration = Duration::from_secs(8);

/// `read_memory` on the embedded platform, `read_redis` on the production one.
pub(super) async fn rows(config: &Config, metrics: &PrometheusHandle) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let mut embedded = config.clone();
    embedded.storage.mode = Mode::Embedded;
    embedded.embedded.file = directory.path().join("bench.db");
    let mut production = config.clone();
    production.storage.mode = Mode::Production;
    let mut rows = Vec::new();
    for (row, p99, config) in [
        ("read_memory", "read_memory_p99", embedded),
        ("read_redis", "read_redis_p99", production),
    ] {
        let (rate, latencies, body) = served(config, metrics).await?;
        let bare = bare(body).await?;
        rows.push(Row::beside(row, rate, "reads/s", bare));
        rows.push(Row::alone(p99, latencies.percentile(99), "ms"));
    }
    Ok(rows)
}

/// Books a trade on a platform of its own and reads it from many connections.
async fn served(
    config: Config,
    metrics: &PrometheusHandle,
) -> anyhow::Result<(f64, Latencies, Bytes)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let platform = Platform::open(config)?;
    let token = Token {
        tenant: Tenant::new("bench")?,
        actor: Actor::new("reader")?,
        hours: 1,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let stop = CancellationToken::new();
    let roles = "gateway,processor,projector"
        .parse()
        .map_err(anyhow::Error::msg)?;
    let run = platform.run(&roles, Some(listener), metrics.clone(), stop.clone());
    let work = async {
        let body = booked(address, &token).await;
        let asked = match &body {
            Ok(_) => ask(address, request("/v1/trades/T-READ", &token)).await,
            Err(_) => Ok((0.0, Latencies::of(Vec::new()))),
        };
        stop.cancel();
        let (rate, latencies) = asked?;
        anyhow::Ok((rate, latencies, body?))
    };
    let (ran, worked) = tokio::join!(run, work);
    ran?;
    worked
}

/// A handler that does nothing but send the bytes.
async fn bare(body: Bytes) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let app = move || {
        let body = body.clone();
        let send = move || {
            let body = body.clone();
            async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }
        };
        App::new().route("/v1/trades/T-READ", web::get().to(send))
    };
    let server = HttpServer::new(app)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    let work = async {
        let asked = ask(address, request("/v1/trades/T-READ", "none")).await;
        handle.stop(true).await;
        asked
    };
    let (served, asked) = tokio::join!(server, work);
    served?;
    Ok(asked?.0)
}

async fn booked(address: SocketAddr, token: &str) -> anyhow::Result<Bytes> {
    let body = r#"{"trade_id":"T-READ","account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"BUY","quantity":"100","price":"181.52","currency":"USD","traded_at":"2013-10-07T13:30:00Z"}"#;
    let book = format!(
        "POST /v1/trades HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nprefer: wait=20\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    answer(&mut stream, book.as_bytes(), &mut buffer).await?;
    let read = request("/v1/trades/T-READ", token);
    for _ in 0..1_000 {
        let (status, body) = answer(&mut stream, &read, &mut buffer).await?;
        if status == 200 {
            return Ok(Bytes::copy_from_slice(&buffer[body..]));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("the booked trade did not become visible")
}

fn request(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

async fn ask(address: SocketAddr, request: Vec<u8>) -> anyhow::Result<(f64, Latencies)> {
    let mut asking = JoinSet::new();
    let until = Instant::now() + ASKED_FOR;
    for _ in 0..CONNECTIONS {
        let request = request.clone();
        asking.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut buffer, mut latencies) = (Vec::new(), Vec::new());
            while Instant::now() < until {
                let asked = Instant::now();
                let (status, _) = answer(&mut stream, &request, &mut buffer).await?;
                anyhow::ensure!(status == 200, "a read was answered {status}");
                latencies.push(asked.elapsed().as_secs_f64() * 1_000.0);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(asked) = asking.join_next().await {
        latencies.extend(asked??);
    }
    let rate = to_f64(latencies.len() as u64) / ASKED_FOR.as_secs_f64();
    Ok((rate, Latencies::of(latencies)))
}

/// Sends one request and reads its whole answer; tells the status and where the body begins.
async fn answer(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> anyhow::Result<(u16, usize)> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        anyhow::ensure!(
            stream.read_buf(buffer).await? > 0,
            "the server closed the connection"
        );
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("answer has no length")?
            .trim()
            .parse()?;
        if buffer.len() >= head + 4 + length {
            let status = text.get(9..12).context("answer has no status")?.parse()?;
            return Ok((status, head + 4));
        }
    }
}
