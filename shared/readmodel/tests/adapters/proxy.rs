//! A network between client and server that can go silent.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections to one address; ends with the value.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    network: watch::Sender<Network>,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Copy, Default)]
struct Network {
    silent: bool,
    /// How often it went silent: a connection older than the last time stays silent.
    silences: u32,
}

impl Proxy {
    pub(crate) async fn to(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, watched) = watch::channel(Network::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, (host.to_owned(), port), watched));
        Self {
            address,
            network,
            _tasks: tasks,
        }
    }

    /// Lets no more bytes through, and leaves every connection open.
    pub(crate) fn go_silent(&self) {
        self.network.send_modify(|network| {
            network.silent = true;
            network.silences += 1;
        });
    }

    /// Forwards new connections again; those that were silenced stay silent.
    pub(crate) fn heal(&self) {
        self.network.send_modify(|network| network.silent = false);
    }
}

async fn listen(listener: TcpListener, server: (String, u16), network: watch::Receiver<Network>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(forward(client, server.clone(), network.clone()));
    }
}

async fn forward(
    mut client: TcpStream,
    server: (String, u16),
    mut network: watch::Receiver<Network>,
) {
    let born = *network.borrow();
    let mut server = TcpStream::connect(server).await.unwrap();
    let silenced = async {
        let silent = |now: &Network| born.silent || now.silences > born.silences;
        network.wait_for(silent).await.unwrap();
    };
    let closed = tokio::select! {
        biased;
        () = silenced => false,
        // Either side may close or reset it: that is what a connection does.
        _ = copy_bidirectional(&mut client, &mut server) => true,
    };
    if !closed {
        std::future::pending::<()>().await;
    }
}
