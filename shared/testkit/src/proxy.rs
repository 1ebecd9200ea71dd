//! A network between a client and Postgres that breaks at the worst moment: around a COMMIT.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Bytes forwarded at once.
const CHUNK: usize = 64 << 10;

/// The server's answer to a commit: the tag of a `CommandComplete` message, or the answer of a
/// statement that commits by itself.
const COMMITTED: Marks = Marks {
    any: [b"COMMIT\0", b"committed"],
    end: b"Z\0\0\0\x05I",
};
/// What the text of a `Parse` message holds; a client prepares it once per connection.
const COMMITTING: Marks = Marks {
    any: [b"COMMIT\0", b"'committed'"],
    end: b"",
};

/// What shows that bytes belong to a commit.
struct Marks {
    any: [&'static [u8]; 2],
    /// Their end: `ReadyForQuery` with no transaction open any more, when they come from the server.
    end: &'static [u8],
}

impl Marks {
    fn are_in(&self, bytes: &[u8]) -> bool {
        let stands = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
        bytes.ends_with(self.end) && self.any.iter().any(|mark| stands(mark))
    }
}

/// Forwards connections to one Postgres server; ends with the value.
pub struct CommitBreaker {
    pub address: SocketAddr,
    breaks: Arc<Breaks>,
    _tasks: JoinSet<()>,
}

/// How many connections are still to be broken, and how many were.
#[derive(Default)]
struct Breaks {
    before: AtomicU32,
    after: AtomicU32,
    broken: AtomicU32,
}

impl CommitBreaker {
    /// # Panics
    /// No port is free.
    pub async fn before(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let breaks = Arc::<Breaks>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(
            listener,
            (host.to_owned(), port),
            Arc::clone(&breaks),
        ));
        Self {
            address,
            breaks,
            _tasks: tasks,
        }
    }

    /// Breaks the next connections on which a COMMIT is prepared, before the server has seen it.
    pub fn break_before(&self, connections: u32) {
        self.breaks.before.store(connections, Ordering::Release);
    }

    /// Breaks the next connections on which a COMMIT was made, before the client learns of it.
    pub fn break_after(&self, connections: u32) {
        self.breaks.after.store(connections, Ordering::Release);
    }

    /// Connections broken so far.
    #[must_use]
    pub fn broken(&self) -> u32 {
        self.breaks.broken.load(Ordering::Acquire)
    }
}

async fn listen(listener: TcpListener, server: (String, u16), breaks: Arc<Breaks>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(forward(client, server.clone(), Arc::clone(&breaks)));
    }
}

async fn forward(client: TcpStream, server: (String, u16), breaks: Arc<Breaks>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever direction ends first takes the other with it, as a broken connection does.
    tokio::select! {
        () = copy(from_client, to_server, &COMMITTING, &breaks.before, &breaks.broken) => {}
        () = copy(from_server, to_client, &COMMITTED, &breaks.after, &breaks.broken) => {}
    }
}

/// Copies until the end, or until the marks come by while there are breaks left.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    marks: &Marks,
    left: &AtomicU32,
    broken: &AtomicU32,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(read) = from.read(&mut chunk).await {
        let bytes = &chunk[..read];
        if marks.are_in(bytes) && take_one(left) {
            broken.fetch_add(1, Ordering::AcqRel);
            return;
        }
        if read == 0 || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

fn take_one(left: &AtomicU32) -> bool {
    let taken = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
        left.checked_sub(1)
    });
    taken.is_ok()
}

/// An address at which nothing listens until it is opened; then it leads to a server. Closed again
/// when dropped.
pub struct Door {
    /// `host:port`.
    pub address: String,
    tasks: JoinSet<()>,
}

impl Door {
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn closed() -> Self {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = port.local_addr().expect("bound").to_string();
        let tasks = JoinSet::new();
        Self { address, tasks }
    }

    /// # Panics
    /// Another process has taken the port meanwhile.
    pub async fn open(&mut self, server: &str) {
        let listener = TcpListener::bind(&self.address).await.expect("the port");
        let server = server.to_owned();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        // Either end may go away: that is what a network does.
                        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                    }
                });
            }
        });
    }
}
