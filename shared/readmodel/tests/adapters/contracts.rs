use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use kernel::port::{Rate, Rates as _, Taken};
use readmodel::{
    MemoryHeartbeats, MemoryRates, MemoryReadModel, MemoryReplies, MemorySessions,
    PostgresReadModel, RedisHeartbeats, RedisKeyBindings, RedisRates, RedisReadModel, RedisReplies,
    RedisSessions, WriteBehind,
};
use testkit::contract::{self, Listing};

use crate::servers::{self, Database};

#[tokio::test]
async fn memory_read_model_keeps_its_contract() {
    contract::read_model(Listing::InKeyOrder, async || {
        let model = MemoryReadModel::default();
        async move || model.clone()
    })
    .await;
}

#[tokio::test]
async fn write_behind_keeps_the_contract_of_its_model() {
    for linger in [Duration::ZERO, Duration::from_millis(5)] {
        contract::read_model(Listing::InKeyOrder, async || {
            let durable = Arc::new(MemoryReadModel::default());
            let model = WriteBehind::new(durable, linger, 1 << 20);
            async move || model.clone()
        })
        .await;
    }
}

#[tokio::test]
async fn redis_read_model_keeps_its_contract() {
    contract::read_model(Listing::Refused, async || {
        let options = servers::redis();
        async move || RedisReadModel::new(&options).unwrap().for_projector()
    })
    .await;
}

#[tokio::test]
async fn postgres_read_model_keeps_its_contract() {
    let created = RefCell::new(Vec::new());
    contract::read_model(Listing::InKeyOrder, async || {
        let database = Rc::new(Database::create().await);
        created.borrow_mut().push(Rc::clone(&database));
        async move || PostgresReadModel::new(database.pool())
    })
    .await;
    for database in created.into_inner() {
        database.discard().await;
    }
}

#[tokio::test]
async fn memory_replies_keep_their_contract() {
    contract::replies(async || MemoryReplies::default()).await;
}

#[tokio::test]
async fn redis_replies_keep_their_contract() {
    contract::replies(async || RedisReplies::new(&servers::redis()).unwrap()).await;
}

#[tokio::test]
async fn memory_heartbeats_keep_their_contract() {
    contract::heartbeats(async || MemoryHeartbeats::default()).await;
}

#[tokio::test]
async fn redis_heartbeats_keep_their_contract() {
    contract::heartbeats(async || RedisHeartbeats::new(&servers::redis()).unwrap()).await;
}

#[tokio::test]
async fn redis_key_bindings_keep_their_contract() {
    contract::key_bindings(async || RedisKeyBindings::new(&servers::redis()).unwrap()).await;
}

#[tokio::test]
async fn memory_rates_keep_their_contract() {
    contract::rates(async || MemoryRates::default()).await;
}

#[tokio::test]
async fn redis_rates_keep_their_contract() {
    contract::rates(async || RedisRates::new(&servers::redis()).unwrap()).await;
}

#[tokio::test]
async fn memory_sessions_keep_their_contract() {
    contract::sessions(async || MemorySessions::default()).await;
}

#[tokio::test]
async fn redis_sessions_keep_their_contract() {
    contract::sessions(async || RedisSessions::new(&servers::redis()).unwrap()).await;
}

#[tokio::test]
async fn two_gateways_share_a_rate_on_redis() {
    let options = servers::redis();
    let gateways = [(); 2].map(|()| RedisRates::new(&options).unwrap());
    let rate = Rate {
        per_second: 1,
        burst: 100,
    };
    let mut taken = [0; 2];
    'empty: loop {
        for (gateway, taken) in gateways.iter().zip(&mut taken) {
            match gateway.take("demo", rate, 10).await.unwrap() {
                Taken::Granted(some) => *taken += some,
                Taken::After(_) => break 'empty,
            }
        }
    }
    assert_eq!(taken, [50, 50]);
}
