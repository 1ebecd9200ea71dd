//! The reader of one stream, which checks what comes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncBufReadExt as _;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::desk::EVENTS_PER_TRADE;

/// How often a stream without a change looks whether it has all.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Longest wait for changes once all commands are sent.
const BEHIND_MAX: Duration = Duration::from_secs(60);

/// Trades that were sent, once that is known.
#[derive(Clone, Default)]
pub(super) struct Sent(pub(super) Arc<AtomicU64>);

/// What streams were told.
#[derive(Default)]
pub(super) struct Watched {
    pub(super) changes: u64,
    /// Changes that were not the next of their trade.
    pub(super) faults: u64,
    /// Times that the stream ended and was resumed.
    pub(super) cuts: u64,
}

impl Watched {
    pub(super) fn add(&mut self, other: &Self) {
        self.changes += other.changes;
        self.faults += other.faults;
        self.cuts += other.cuts;
    }
}

pub(super) struct Watcher {
    address: SocketAddr,
    token: Arc<str>,
    account: Option<u64>,
    accounts: u64,
    stream: TcpStream,
    last_id: String,
    versions: HashMap<u64, u64>,
    watched: Watched,
}

impl Watcher {
    /// Blocks until the first frame has come.
    pub(super) fn open(
        address: SocketAddr,
        token: &Arc<str>,
        account: Option<u64>,
        accounts: u64,
    ) -> anyhow::Result<Self> {
        let token = Arc::clone(token);
        let (stream, last_id) = connected(address, &token, account, "")?;
        Ok(Self {
            address,
            token,
            account,
            accounts,
            stream,
            last_id,
            versions: HashMap::new(),
            watched: Watched::default(),
        })
    }

    /// Reads until every change has come.
    pub(super) async fn watch(mut self, sent: Sent) -> anyhow::Result<Watched> {
        let mut behind_since = None;
        loop {
            if self.read(&sent, &mut behind_since).await? {
                return Ok(self.watched);
            }
            self.watched.cuts += 1;
            let (address, token) = (self.address, Arc::clone(&self.token));
            let (account, last_id) = (self.account, self.last_id.clone());
            let again = move || connected(address, &token, account, &last_id);
            (self.stream, self.last_id) = spawn_blocking(again).await??;
        }
    }

    /// Until all has come, or the stream ends; tells which.
    async fn read(&mut self, sent: &Sent, behind: &mut Option<Instant>) -> anyhow::Result<bool> {
        let stream = self.stream.try_clone()?;
        stream.set_nonblocking(true)?;
        let stream = tokio::net::TcpStream::from_std(stream)?;
        let mut lines = tokio::io::BufReader::with_capacity(4_096, stream);
        let mut line = Vec::new();
        loop {
            let read = timeout(LOOK_AGAIN, lines.read_until(b'\n', &mut line)).await;
            // What has come of a line stays in it when nothing more comes.
            if let Ok(read) = read {
                let text = std::str::from_utf8(&line)?.trim_end();
                anyhow::ensure!(text != "event: reset", "a stream was reset");
                if read? == 0 || text == "event: end" {
                    return Ok(false);
                }
                self.note(text)?;
                line.clear();
            }
            let trades = sent.0.load(Ordering::Acquire);
            if trades == 0 {
                continue;
            }
            if self.watched.changes >= self.due(trades) {
                return Ok(true);
            }
            let since = *behind.get_or_insert_with(Instant::now);
            let (came, due) = (self.watched.changes, self.due(trades));
            let account = self.account;
            anyhow::ensure!(
                since.elapsed() < BEHIND_MAX,
                "stream of {account:?} was told {came} of {due}"
            );
        }
    }

    /// Changes of its account, or of all.
    fn due(&self, trades: u64) -> u64 {
        let own = match self.account {
            Some(account) => trades / self.accounts + u64::from(account < trades % self.accounts),
            None => trades,
        };
        own * EVENTS_PER_TRADE
    }

    fn note(&mut self, line: &str) -> anyhow::Result<()> {
        if let Some(id) = line.strip_prefix("id: ") {
            id.clone_into(&mut self.last_id);
        }
        let Some(value) = line.strip_prefix("data: {\"trade_id\":\"T-") else {
            return Ok(());
        };
        let trade = number(value).context("a trade has a number")?;
        let version = value.split_once("\"version\":");
        let version = version.and_then(|(_, rest)| number(rest));
        let version = version.context("a trade has a version")?;
        let before = self.versions.insert(trade, version).unwrap_or_default();
        self.watched.changes += 1;
        self.watched.faults += u64::from(version != before + 1);
        if version == EVENTS_PER_TRADE {
            self.versions.remove(&trade);
        }
        Ok(())
    }
}

/// The digits that a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    text[..end].parse().ok()
}

/// A stream, and the id of its first frame.
fn connected(
    address: SocketAddr,
    token: &str,
    account: Option<u64>,
    last_id: &str,
) -> anyhow::Result<(TcpStream, String)> {
    let filter = account.map_or_else(String::new, |account| format!("&account=ACC-{account}"));
    let resumes = if last_id.is_empty() {
        String::new()
    } else {
        format!("last-event-id: {last_id}\r\n")
    };
    let request = format!(
        "GET /v1/live?view=trades{filter} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n{resumes}\r\n"
    );
    // The process that has just begun answers 503 at first.
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        // Small, so that it takes nothing that comes behind the first frame: it is sent alone.
        let mut lines = BufReader::with_capacity(1, stream.try_clone()?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if !line.contains("200") {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        loop {
            line.clear();
            anyhow::ensure!(lines.read_line(&mut line)? > 0, "no first frame");
            if let Some(id) = line.trim_end().strip_prefix("id: ") {
                return Ok((stream, id.to_owned()));
            }
        }
    }
    anyhow::bail!("no stream was opened")
}
