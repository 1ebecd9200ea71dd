//! The connection: multiplexed, with a deadline on every call, replaced when it stops answering.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use kernel::code::Fault;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::{TcpSettings, socket2};
use redis::{
    Client, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisResult,
};
use tokio::time::timeout;

use super::REDIS;

/// How long a connection attempt may take: two lost SYN packets are too many.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(1);

/// How long written bytes may stay unacknowledged, and after which idle time the peer is probed.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(3);

/// Commands that may wait to be written; a caller beyond that waits itself.
const UNWRITTEN_MAX: usize = 256;

const LOCK: &str = "nothing panics while it holds the lock";

/// How Redis is reached and used. Has no `Debug`: the URL may hold a password.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://[user:password@]host[:port][/database]`
    pub url: String,
    /// Precedes every key and channel. On a Redis Cluster it must hold a hash tag, such as
    /// `{desk}:`, because a batch is one script.
    pub prefix: String,
    /// Partitions of every context, fixed when the system is installed.
    pub partitions: u16,
    /// Deadline of a read; beyond it the next store of the query chain is quicker.
    pub read_timeout: Duration,
    /// Deadline of a write or a publish.
    pub write_timeout: Duration,
    /// How long readers trust the values after the projector last vouched for them.
    pub ready_lease: Duration,
}

impl RedisOptions {
    /// Options with deadlines for a server in the same data centre.
    #[must_use]
    pub fn new(url: impl Into<String>, prefix: impl Into<String>, partitions: u16) -> Self {
        Self {
            url: url.into(),
            prefix: prefix.into(),
            partitions,
            read_timeout: Duration::from_millis(250),
            write_timeout: Duration::from_secs(2),
            ready_lease: Duration::from_secs(15),
        }
    }

    pub(super) fn client(&self, protocol: ProtocolVersion) -> Result<Client, Fault> {
        let open = || {
            let info = self.url.as_str().into_connection_info()?;
            let settings = info.redis_settings().clone().set_protocol(protocol);
            let info = info
                .set_redis_settings(settings)
                .set_tcp_settings(sockets());
            Client::open(info)
        };
        open().map_err(|error| Fault::new(REDIS, "read the connection url", error))
    }
}

/// The kernel notices a peer that vanished silently, even where no request is sent to it.
fn sockets() -> TcpSettings {
    let probes = socket2::TcpKeepalive::new().with_time(UNACKNOWLEDGED_MAX);
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(probes);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(UNACKNOWLEDGED_MAX);
    settings
}

/// One multiplexed connection for one class of calls.
pub(super) struct Link {
    client: Client,
    deadline: Duration,
    current: Mutex<Current>,
}

/// The connection in use, and how many were given up before it.
#[derive(Clone)]
struct Current {
    generation: u64,
    manager: ConnectionManager,
}

impl Link {
    /// Does not connect yet: a process starts without Redis too. Needs a tokio runtime around it.
    pub(super) fn open(options: &RedisOptions, deadline: Duration) -> Result<Self, Fault> {
        let client = options.client(ProtocolVersion::RESP2)?;
        let manager = manager(&client, deadline)
            .map_err(|error| Fault::new(REDIS, "prepare a connection", error))?;
        Ok(Self {
            client,
            deadline,
            current: Mutex::new(Current {
                generation: 0,
                manager,
            }),
        })
    }

    pub(super) async fn command<T: FromRedisValue>(
        &self,
        attempt: impl fmt::Display,
        command: &Cmd,
    ) -> Result<T, Fault> {
        let call = |mut on| async move { command.query_async(&mut on).await };
        self.run(attempt, call).await
    }

    pub(super) async fn pipeline<T: FromRedisValue>(
        &self,
        attempt: impl fmt::Display,
        pipeline: &Pipeline,
    ) -> Result<T, Fault> {
        let call = |mut on| async move { pipeline.query_async(&mut on).await };
        self.run(attempt, call).await
    }

    /// Runs `call` on the connection, the wait for a connection included in the deadline.
    pub(super) async fn run<T, C>(
        &self,
        attempt: impl fmt::Display,
        call: impl FnOnce(ConnectionManager) -> C,
    ) -> Result<T, Fault>
    where
        C: Future<Output = RedisResult<T>>,
    {
        let Current {
            generation,
            manager,
        } = self.current.lock().expect(LOCK).clone();
        match timeout(self.deadline, call(manager)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_timeout() => {
                self.give_up(generation);
                Err(Fault::new(REDIS, attempt.to_string(), error))
            }
            Ok(Err(error)) => Err(Fault::new(REDIS, attempt.to_string(), error)),
            Err(late) => Err(Fault::new(REDIS, attempt.to_string(), late)),
        }
    }

    /// The manager reconnects by itself when a connection breaks, but keeps one that is silent: half
    /// open, or behind a proxy that lost it. So the next call gets a new one; calls still waiting on
    /// the old one keep it until they end.
    fn give_up(&self, generation: u64) {
        let mut current = self.current.lock().expect(LOCK);
        if current.generation != generation {
            return;
        }
        if let Ok(manager) = manager(&self.client, self.deadline) {
            *current = Current {
                generation: generation + 1,
                manager,
            };
        }
    }
}

fn manager(client: &Client, deadline: Duration) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_MAX))
        // Ends before the call's deadline, to distinguish a silent connection from one that is still
        // being made: only the first is given up.
        .set_response_timeout(Some(deadline * 9 / 10))
        // The next call tries again; a caller that waited for this attempt has a fallback and no time.
        .set_number_of_retries(0)
        .set_pipeline_buffer_size(UNWRITTEN_MAX);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}
