//! What every reply channel does, whatever it is made of.

use std::time::Duration;

use kernel::batch::{Outcome, ParkedCommand, Resolution};
use kernel::id::CommandId;
use kernel::port::{Replies, Reply, ReplyStream};
use tokio::time::timeout;
use uuid::Uuid;

/// A reply that was not received by then is lost.
const HEARD_MAX: Duration = Duration::from_secs(10);

/// Runs the suite. Each call of `make` gives a channel without subscribers.
///
/// # Panics
/// The channel breaks the contract of its port.
pub async fn replies<R: Replies>(make: impl AsyncFn() -> R) {
    replies_arrive_whole_and_in_order(&make().await).await;
    reply_reaches_its_instance_only(&make().await).await;
    reply_without_a_subscriber_is_dropped(&make().await).await;
    batch_of_a_thousand_arrives(&make().await).await;
    sending_nothing_is_harmless(&make().await).await;
}

async fn replies_arrive_whole_and_in_order(replies: &impl Replies) {
    let mut stream = subscribe(replies, "gateway-1").await;
    let sent = [accepted(1), rejected(2), parked(3)];
    send(replies, "gateway-1", &sent[..2]).await;
    send(replies, "gateway-1", &sent[2..]).await;
    for reply in sent {
        assert_eq!(next(&mut *stream).await, reply);
    }
}

async fn reply_reaches_its_instance_only(replies: &impl Replies) {
    let mut first = subscribe(replies, "gateway-1").await;
    let mut second = subscribe(replies, "gateway-10").await;
    send(replies, "gateway-1", &[accepted(1)]).await;
    send(replies, "gateway-10", &[accepted(2)]).await;
    send(replies, "gateway-1", &[accepted(3)]).await;
    assert_eq!(next(&mut *second).await, accepted(2));
    assert_eq!(next(&mut *first).await, accepted(1));
    assert_eq!(next(&mut *first).await, accepted(3));
}

async fn reply_without_a_subscriber_is_dropped(replies: &impl Replies) {
    send(replies, "gateway-1", &[accepted(1)]).await;
    drop(subscribe(replies, "gateway-1").await);
    send(replies, "gateway-1", &[accepted(2)]).await;
    let mut stream = subscribe(replies, "gateway-1").await;
    send(replies, "gateway-1", &[accepted(3)]).await;
    assert_eq!(next(&mut *stream).await, accepted(3));
}

async fn batch_of_a_thousand_arrives(replies: &impl Replies) {
    let mut stream = subscribe(replies, "gateway-1").await;
    let sent: Vec<_> = (0..1_000).map(accepted).collect();
    send(replies, "gateway-1", &sent).await;
    for reply in sent {
        assert_eq!(next(&mut *stream).await, reply);
    }
}

async fn sending_nothing_is_harmless(replies: &impl Replies) {
    let mut stream = subscribe(replies, "gateway-1").await;
    send(replies, "gateway-1", &[]).await;
    send(replies, "gateway-1", &[accepted(1)]).await;
    assert_eq!(next(&mut *stream).await, accepted(1));
}

fn accepted(n: u64) -> Reply {
    Reply {
        request: n,
        command: CommandId(Uuid::from_u64_pair(1, n)),
        partition: 3,
        resolution: Resolution::Handled(Outcome::Accepted {
            key: "demo/ACC-1".into(),
            version: n,
            first_log_position: n,
            events: 1,
            breaks: Vec::new(),
        }),
        repeated: false,
    }
}

fn rejected(n: u64) -> Reply {
    Reply {
        request: n,
        command: CommandId(Uuid::from_u64_pair(2, n)),
        partition: 0,
        resolution: Resolution::Handled(Outcome::Rejected {
            key: "demo/ACC-1".into(),
            version: n,
            code: "NOT_OPEN".into(),
            http_status: 409,
            detail: "the book of Zürich is \"closed\" 🦀".into(),
        }),
        repeated: false,
    }
}

fn parked(n: u64) -> Reply {
    Reply {
        request: n,
        command: CommandId(Uuid::from_u64_pair(3, n)),
        partition: 1,
        resolution: Resolution::Parked(ParkedCommand {
            key: "demo/ACC-1".into(),
            reason: "behind_parked".into(),
            detail: "an earlier command of the key is parked".into(),
        }),
        repeated: false,
    }
}

async fn subscribe(replies: &impl Replies, instance: &str) -> Box<dyn ReplyStream> {
    let subscribed = replies.subscribe(instance).await;
    subscribed.expect("a subscription")
}

async fn send(replies: &impl Replies, to: &str, sent: &[Reply]) {
    replies.send(to, sent.to_vec()).await.expect("sent");
}

async fn next(stream: &mut dyn ReplyStream) -> Reply {
    let heard = timeout(HEARD_MAX, stream.next()).await;
    heard.expect("a reply in time").expect("a reply")
}
