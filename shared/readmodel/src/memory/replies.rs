use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{Replies, Reply, ReplyStream};
use tokio::sync::mpsc;

/// Replies that may wait for a subscriber; a gateway whose backlog is longer has lost its callers,
/// so what comes on top is dropped.
const WAITING_MAX: usize = 65_536;

const LOCK: &str = "nothing panics while it holds the lock";

/// Replies within one process. Clones share their subscribers.
#[derive(Clone, Debug, Default)]
pub struct MemoryReplies {
    subscribers: Arc<Mutex<HashMap<String, Vec<mpsc::Sender<Reply>>>>>,
}

struct MemoryReplyStream(mpsc::Receiver<Reply>);

#[async_trait]
impl Replies for MemoryReplies {
    async fn send(&self, to: &str, replies: Vec<Reply>) -> Result<(), Fault> {
        let mut subscribers = self.subscribers.lock().expect(LOCK);
        let Some(streams) = subscribers.get_mut(to) else {
            return Ok(());
        };
        streams.retain(|stream| {
            for reply in &replies {
                match stream.try_send(reply.clone()) {
                    Ok(()) => {}
                    Err(mpsc::error::TrySendError::Full(_)) => break,
                    Err(mpsc::error::TrySendError::Closed(_)) => return false,
                }
            }
            true
        });
        if streams.is_empty() {
            subscribers.remove(to);
        }
        Ok(())
    }

    async fn subscribe(&self, instance: &str) -> Result<Box<dyn ReplyStream>, Fault> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let mut subscribers = self.subscribers.lock().expect(LOCK);
        let streams = subscribers.entry(instance.to_owned()).or_default();
        streams.retain(|stream| !stream.is_closed());
        streams.push(sender);
        Ok(Box::new(MemoryReplyStream(receiver)))
    }
}

#[async_trait]
impl ReplyStream for MemoryReplyStream {
    async fn next(&mut self) -> Result<Reply, Fault> {
        let reply = self.0.recv().await;
        reply.ok_or_else(|| Fault::bare("memory", "the sender of replies is gone"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::batch::{Outcome, Resolution};
    use kernel::id::CommandId;
    use uuid::Uuid;

    #[tokio::test]
    async fn subscriber_that_does_not_keep_up_loses_what_comes_on_top() {
        let reply = |n: usize| Reply {
            request: n as u64,
            command: CommandId(Uuid::from_u128(n as u128)),
            partition: 0,
            resolution: Resolution::Handled(Outcome::Accepted {
                key: "t/a".into(),
                version: 1,
                first_log_position: 1,
                events: 1,
                breaks: Vec::new(),
            }),
            repeated: false,
        };
        let replies = MemoryReplies::default();
        let mut stream = replies.subscribe("gateway-1").await.unwrap();
        let sent = (0..WAITING_MAX + 10).map(reply).collect();
        replies.send("gateway-1", sent).await.unwrap();
        for n in 0..WAITING_MAX {
            assert_eq!(stream.next().await.unwrap(), reply(n));
        }
        replies.send("gateway-1", vec![reply(7)]).await.unwrap();
        assert_eq!(stream.next().await.unwrap(), reply(7));
    }
}
