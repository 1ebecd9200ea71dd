//! What reads are measured against: handlers that send the bytes and do nothing else.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use kernel::AggregateId;
use kernel::topic;
use redis::aio::MultiplexedConnection;

use dealerboard::roles::Platform;

/// Bytes before the body in a value on Redis.
const VALUE_PREFIX: usize = 35;

/// Where a bare handler has its bytes from.
#[derive(Clone)]
pub(super) enum Bare {
    Memory(Bytes),
    /// The same look-up as ours: the value and the marker beside it, in one round trip over one
    /// multiplexed connection.
    Redis {
        connection: MultiplexedConnection,
        keys: [String; 2],
    },
}

impl Bare {
    /// A handler that finds the trade where the platform's projector has put it.
    pub(super) async fn on_redis(
        platform: &Platform,
        tenant: &kernel::Tenant,
        trade: &AggregateId,
    ) -> anyhow::Result<Self> {
        let redis = &platform.config.redis;
        let client = redis::Client::open(redis.url.as_str())?;
        let view = platform.slices.views[0].id;
        let key = topic::key(tenant, trade);
        let partition = topic::partition_of(key.as_bytes(), platform.config.partitions());
        let under = format!("{}{view}", redis.prefix);
        Ok(Self::Redis {
            connection: client.get_multiplexed_async_connection().await?,
            keys: [
                format!("{under}:{key}"),
                format!("{under}:ready:{partition}"),
            ],
        })
    }

    /// Waits until there are bytes: a projector that has just started catches up first.
    pub(super) async fn ready(&mut self) -> anyhow::Result<()> {
        for _ in 0..1_000 {
            if self.bytes().await.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("the projector has not caught up")
    }

    async fn answer(mut self) -> HttpResponse {
        match self.bytes().await {
            Some(body) => HttpResponse::Ok()
                .content_type("application/json")
                .body(body),
            None => HttpResponse::NotFound().finish(),
        }
    }

    async fn bytes(&mut self) -> Option<Bytes> {
        match self {
            Self::Memory(body) => Some(Bytes::clone(body)),
            Self::Redis { connection, keys } => {
                let mut mget = redis::cmd("MGET");
                mget.arg(&keys[0]).arg(&keys[1]);
                let found: [Option<Bytes>; 2] = mget.query_async(connection).await.ok()?;
                let [Some(value), Some(_)] = found else {
                    return None;
                };
                Some(value.slice(VALUE_PREFIX..))
            }
        }
    }

    /// Serves `path` on as many threads as the platform does.
    pub(super) fn serve(
        self,
        path: &'static str,
        workers: usize,
    ) -> anyhow::Result<(Server, ServerHandle, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let app = move || {
            let bare = self.clone();
            let answer = move || bare.clone().answer();
            App::new().route(path, web::get().to(answer))
        };
        let mut server = HttpServer::new(app).disable_signals();
        if workers > 0 {
            server = server.workers(workers);
        }
        let server = server.listen(listener)?.run();
        let handle = server.handle();
        Ok((server, handle, address))
    }
}
