//! Asking over HTTP as cheaply as it can be done: who asks shares the cores with whom it asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections that ask, each one question after the other.
const CONNECTIONS: usize = 64;

const HEAD_END: &[u8] = b"\r\n\r\n";
const LENGTH: &[u8] = b"\r\ncontent-length: ";

/// Asks the same question for a time; returns how long each answer took, in milliseconds.
pub(super) async fn ask(
    address: SocketAddr,
    request: Arc<[u8]>,
    asked_for: Duration,
) -> anyhow::Result<Vec<f64>> {
    // One thread of its own: a scheduler that moves askers between threads costs more than they do.
    let asking = move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?
            .block_on(ask_all(address, request, asked_for))
    };
    tokio::task::spawn_blocking(asking).await?
}

async fn ask_all(
    address: SocketAddr,
    request: Arc<[u8]>,
    asked_for: Duration,
) -> anyhow::Result<Vec<f64>> {
    let until = Instant::now() + asked_for;
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = Arc::clone(&request);
        asking.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::new();
            let mut asked = Instant::now();
            while asked < until {
                let status = connection.ask(&request).await?;
                anyhow::ensure!(
                    status == b"200",
                    "a read was answered {}",
                    status.escape_ascii()
                );
                let answered = Instant::now();
                latencies.push(answered.duration_since(asked).as_secs_f64() * 1_000.0);
                asked = answered;
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(asked) = asking.join_next().await {
        latencies.extend(asked??);
    }
    Ok(latencies)
}

/// One connection and the last answer that came over it.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    shape: Shape,
}

/// Where the parts of an answer lie. Answers to one question look alike, so the next one is
/// compared with it before it is searched.
#[derive(Default)]
struct Shape {
    /// Place and bytes of the length header.
    said_at: usize,
    said: Vec<u8>,
    body: usize,
    end: usize,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4_096),
            shape: Shape::default(),
        })
    }

    /// Sends a request and reads its whole answer; returns the digits of its status.
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            anyhow::ensure!(read > 0, "the server closed the connection");
            if !self.shape.fits(&self.buffer) {
                match Shape::of(&self.buffer)? {
                    Some(shape) => self.shape = shape,
                    None => continue,
                }
            }
            if self.buffer.len() >= self.shape.end {
                return self.buffer.get(9..12).context("answer has no status");
            }
        }
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> &[u8] {
        &self.buffer[self.shape.body..self.shape.end]
    }
}

impl Shape {
    fn fits(&self, answer: &[u8]) -> bool {
        let part = |from: usize, length: usize| answer.get(from..from + length);
        self.body > 0
            && part(self.said_at, self.said.len()) == Some(&self.said)
            && part(self.body - HEAD_END.len(), HEAD_END.len()) == Some(HEAD_END)
    }

    /// `None`: the head has not come whole.
    fn of(answer: &[u8]) -> anyhow::Result<Option<Self>> {
        let find = |text: &[u8]| answer.windows(text.len()).position(|part| part == text);
        let Some(head) = find(HEAD_END) else {
            return Ok(None);
        };
        let said_at = find(LENGTH)
            .filter(|at| *at < head)
            .context("answer has no length")?;
        let digits = &answer[said_at + LENGTH.len()..];
        let digits = digits.split(|byte| *byte == b'\r').next();
        let digits = digits.context("answer's length has no end")?;
        let length: usize = std::str::from_utf8(digits)?.parse()?;
        let said = answer[said_at..said_at + LENGTH.len() + digits.len() + 2].to_vec();
        let body = head + HEAD_END.len();
        Ok(Some(Self {
            said_at,
            said,
            body,
            end: body + length,
        }))
    }
}
