//! Redis slow, silent, gone and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kernel::batch::{Outcome, Resolution};
use kernel::id::CommandId;
use kernel::port::{Checkpoint, ReadModel, Replies, Reply, ViewBatch, ViewId, ViewValue};
use kernel::time::Timestamp;
use kernel::topic::partition_of;
use readmodel::{RedisOptions, RedisReadModel, RedisReplies};
use redis::{ConnectionAddr, IntoConnectionInfo};
use testkit::contract::{PARTITIONS, VIEWS};
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::servers::{self, PrivateRedis, eventually};

const VIEW: ViewId = VIEWS[0];

/// The deadline of a read.
const READ_MAX: Duration = Duration::from_millis(250);

/// What a call may take by the clock of a machine that is busy otherwise; a call without a deadline
/// would never end.
const SOON: Duration = Duration::from_secs(2);

async fn through_a_proxy() -> (Proxy, RedisOptions) {
    let mut options = servers::redis();
    options.read_timeout = READ_MAX;
    let info = options.url.as_str().into_connection_info().unwrap();
    let ConnectionAddr::Tcp(host, port) = info.addr() else {
        panic!("{} is not a TCP address", info.addr());
    };
    let proxy = Proxy::to(host, *port).await;
    let server = format!("{host}:{port}");
    options.url = options.url.replacen(&server, &proxy.address.to_string(), 1);
    (proxy, options)
}

/// Writes one value per key, its body the key.
async fn fill(model: &RedisReadModel, keys: &[Arc<str>]) {
    for key in keys {
        let partition = partition_of(key.as_bytes(), PARTITIONS);
        let from = model.checkpoint(VIEW, partition).await.unwrap();
        let to = Checkpoint {
            log_position: from.log_position + 1,
            next_offset: from.next_offset + 1,
        };
        let value = ViewValue {
            version: 1,
            partition,
            log_position: to.log_position,
            as_of: Timestamp::default(),
            body: Bytes::copy_from_slice(key.as_bytes()),
        };
        let batch = ViewBatch {
            view: VIEW,
            partition,
            from,
            to,
            puts: vec![(Arc::clone(key), value)],
        };
        model.apply(batch).await.unwrap();
    }
}

async fn body(model: &RedisReadModel, key: &Arc<str>) -> Option<Bytes> {
    let values = model.get(VIEW, &[Arc::clone(key)]).await.ok()?;
    Some(values.into_iter().next()??.body)
}

#[tokio::test]
async fn silent_connection_costs_one_deadline_and_is_replaced() {
    let (proxy, options) = through_a_proxy().await;
    let model = RedisReadModel::new(&options).unwrap().for_projector();
    let keys = ["demo/a".into()];
    fill(&model, &keys).await;
    assert!(body(&model, &keys[0]).await.is_some());

    proxy.go_silent();
    proxy.heal();
    let asked = Instant::now();
    assert_eq!(body(&model, &keys[0]).await, None);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(
        body(&model, &keys[0]).await.is_some(),
        "on a new connection"
    );
}

#[tokio::test]
async fn silent_network_is_a_fault_in_time_and_heals() {
    let (proxy, options) = through_a_proxy().await;
    let model = RedisReadModel::new(&options).unwrap().for_projector();
    let keys = ["demo/a".into()];
    fill(&model, &keys).await;
    proxy.go_silent();
    for _ in 0..5 {
        let asked = Instant::now();
        assert_eq!(body(&model, &keys[0]).await, None);
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    }
    proxy.heal();
    let healed = Instant::now();
    eventually("a new connection", async || body(&model, &keys[0]).await).await;
    assert!(healed.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn late_answer_is_not_taken_for_that_of_another_call() {
    let server = PrivateRedis::start().await;
    let mut options = server.options();
    options.read_timeout = Duration::from_millis(20);
    let model = RedisReadModel::new(&options).unwrap().for_projector();
    let keys: Vec<Arc<str>> = (0..20).map(|n| format!("demo/{n}").into()).collect();
    fill(&model, &keys).await;
    for lap in 0..5 {
        server
            .command::<()>(&["CLIENT", "PAUSE", "60", "ALL"])
            .await;
        assert_eq!(body(&model, &keys[lap]).await, None, "the server is paused");
        for key in &keys {
            let found = eventually("an answer", async || body(&model, key).await).await;
            assert_eq!(found, key.as_bytes());
        }
    }
}

#[tokio::test]
async fn server_that_is_not_there_is_a_fault_at_once() {
    let options = RedisOptions::new("redis://127.0.0.1:1/", "test:", PARTITIONS);
    let model = RedisReadModel::new(&options).unwrap();
    let replies = RedisReplies::new(&options).unwrap();
    let asked = Instant::now();
    let fault = model.get(VIEW, &["demo/a".into()]).await.unwrap_err();
    assert_eq!(fault.dependency, "redis");
    assert!(model.checkpoint(VIEW, 0).await.is_err());
    assert!(replies.subscribe("gateway-1").await.is_err());
    assert!(replies.send("gateway-1", vec![reply()]).await.is_err());
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn subscription_ends_with_its_connection_and_can_be_made_again() {
    let mut server = PrivateRedis::start().await;
    let replies = RedisReplies::new(&server.options()).unwrap();
    let mut stream = replies.subscribe("gateway-1").await.unwrap();
    replies.send("gateway-1", vec![reply()]).await.unwrap();
    server.command::<()>(&["PING"]).await;
    server.kill().await;
    assert_eq!(
        stream.next().await.unwrap(),
        reply(),
        "it was heard before the end"
    );
    assert!(stream.next().await.is_err());
    assert!(replies.subscribe("gateway-1").await.is_err());

    server.start_again().await;
    let mut stream = replies.subscribe("gateway-1").await.unwrap();
    let send = async || replies.send("gateway-1", vec![reply()]).await.ok();
    eventually("a new connection", send).await;
    assert_eq!(stream.next().await.unwrap(), reply());
}

#[tokio::test]
async fn message_of_another_release_is_passed_over() {
    let options = servers::redis();
    let replies = RedisReplies::new(&options).unwrap();
    let mut stream = replies.subscribe("gateway-1").await.unwrap();
    let channel = format!("{}replies:gateway-1", options.prefix);
    let heard: usize = servers::command(&options.url, &["PUBLISH", &channel, "[{}]"])
        .await
        .unwrap();
    assert_eq!(heard, 1);
    replies.send("gateway-1", vec![reply()]).await.unwrap();
    assert_eq!(stream.next().await.unwrap(), reply());
}

fn reply() -> Reply {
    Reply {
        request: 3,
        command: CommandId(Uuid::from_u128(7)),
        partition: 1,
        resolution: Resolution::Handled(Outcome::Accepted {
            key: "demo/ACC-1".into(),
            version: 1,
            first_log_position: 1,
            events: 1,
            breaks: Vec::new(),
        }),
        repeated: false,
    }
}
