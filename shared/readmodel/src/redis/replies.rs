use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{Replies, Reply, ReplyStream};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::REDIS;
use super::keys::Keys;
use super::link::{CONNECT_MAX, Link, RedisOptions};

/// Replies of one message, about 200 kB; a longer batch is several messages in one round trip.
const REPLIES_PER_MESSAGE: usize = 1_000;

/// Messages that may wait for the subscriber; a gateway whose backlog is longer has lost its
/// callers, so what comes on top is dropped.
const WAITING_MAX: usize = 1_024;

/// A subscription that is quiet for so long is asked whether it is still one.
const QUIET_MAX: Duration = Duration::from_secs(1);

/// Replies over pub/sub: one channel per gateway instance, a message is a JSON array.
///
/// A subscription ends with a fault when its connection does. It does not subscribe again by itself,
/// because what was sent meanwhile is lost, and the gateway can ask the store for it.
pub struct RedisReplies {
    keys: Keys,
    link: Link,
    subscriptions: Client,
}

/// The subscription lives as long as its connection is held.
struct RedisReplyStream {
    messages: mpsc::Receiver<Vec<u8>>,
    pending: VecDeque<Reply>,
    connection: MultiplexedConnection,
}

impl RedisReplies {
    /// Does not connect yet; must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, Fault> {
        Ok(Self {
            keys: Keys::under(&options.prefix),
            link: Link::open(options, options.write_timeout)?,
            // RESP3 lets the client see that the connection ended.
            subscriptions: options.client(ProtocolVersion::RESP3)?,
        })
    }
}

#[async_trait]
impl Replies for RedisReplies {
    async fn send(&self, to: &str, replies: Vec<Reply>) -> Result<(), Fault> {
        if replies.is_empty() {
            return Ok(());
        }
        let attempt = format!("reply to {to}");
        let channel = self.keys.replies(to);
        let mut messages = redis::pipe();
        for replies in replies.chunks(REPLIES_PER_MESSAGE) {
            let message = serde_json::to_vec(replies)
                .map_err(|error| Fault::new(REDIS, attempt.as_str(), error))?;
            messages.publish(&channel, message).ignore();
        }
        self.link.pipeline(&attempt, &messages).await
    }

    async fn subscribe(&self, instance: &str) -> Result<Box<dyn ReplyStream>, Fault> {
        let attempt = || format!("subscribe to the replies of {instance}");
        let (sender, messages) = mpsc::channel(WAITING_MAX);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_MAX))
            .set_response_timeout(Some(CONNECT_MAX))
            .set_push_sender(forward(sender));
        let subscribed = async {
            let client = &self.subscriptions;
            let mut connection = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            connection.subscribe(self.keys.replies(instance)).await?;
            Ok::<_, redis::RedisError>(connection)
        };
        let connection = timeout(2 * CONNECT_MAX, subscribed)
            .await
            .map_err(|late| Fault::new(REDIS, attempt(), late))?
            .map_err(|error| Fault::new(REDIS, attempt(), error))?;
        Ok(Box::new(RedisReplyStream {
            messages,
            pending: VecDeque::new(),
            connection,
        }))
    }
}

#[async_trait]
impl ReplyStream for RedisReplyStream {
    async fn next(&mut self) -> Result<Reply, Fault> {
        loop {
            if let Some(reply) = self.pending.pop_front() {
                return Ok(reply);
            }
            let Ok(message) = timeout(QUIET_MAX, self.messages.recv()).await else {
                self.ping().await?;
                continue;
            };
            let message = message
                .ok_or_else(|| Fault::bare(REDIS, "the connection of a subscription ended"))?;
            match serde_json::from_slice(&message) {
                Ok(replies) => self.pending = replies,
                // Of another release, perhaps; its callers poll.
                Err(error) => tracing::warn!(%error, "reply message could not be decoded"),
            }
        }
    }
}

impl RedisReplyStream {
    /// A server that hangs, or a connection that leads nowhere, ends no subscription by itself.
    async fn ping(&mut self) -> Result<(), Fault> {
        let ping = redis::cmd("PING");
        let answered = self.connection.send_packed_command(&ping).await;
        answered
            .map(drop)
            .map_err(|error| Fault::new(REDIS, "ping a subscription's connection", error))
    }
}

/// What the connection calls with each push. It drops it when it ends, and with it the sender: the
/// subscriber receives what still waits, then the end.
fn forward(sender: mpsc::Sender<Vec<u8>>) -> impl Fn(PushInfo) -> Result<(), Dropped> {
    move |mut push| match (push.kind, push.data.pop()) {
        // Channel, payload.
        (PushKind::Message, Some(Value::BulkString(message))) => {
            sender.try_send(message).map_err(|_| Dropped)
        }
        _ => Ok(()),
    }
}

/// The subscriber does not keep up.
struct Dropped;
