//! Whether an answer is as current as it claims, while a model is behind.

use std::time::Duration;

use eventstore::MemoryEventStore;
use kernel::port::{Applied, Checkpoint, EventReader as _, ReadModel as _, ViewBatch, ViewValue};
use kernel::{Context as _, Parameters};
use pipeline::{Answer, BEHIND, Demand, Query, Unanswered, Until, is_whole};
use readmodel::MemoryReadModel;
use tokio::time::Instant;
use trades::Trade;

use crate::desk::{Desk, partition_of};
use crate::queries::{FOLD, KEY, LATER_MS, query, store_of, view};
use crate::stores::NEVER;

/// The value after so many of its events.
async fn value(store: &MemoryEventStore, version: usize) -> ViewValue {
    let rows = store
        .read(partition_of(Trade::NAME, KEY), 0, 100)
        .await
        .unwrap();
    let until = Until::LogPosition(rows[version - 1].record.log_position);
    let query = query(&MemoryReadModel::default(), store);
    let parameters = Parameters::default();
    let folded = query.folded(&view(), &KEY.into(), until, &parameters).await;
    folded.unwrap().value.unwrap()
}

/// A model that has seen so many events of the key.
async fn see(model: &MemoryReadModel, store: &MemoryEventStore, version: usize) {
    let value = value(store, version).await;
    let (view, partition) = (view().id, value.partition);
    let batch = ViewBatch {
        view,
        partition,
        from: model.checkpoint(view, partition).await.unwrap(),
        to: Checkpoint {
            log_position: value.log_position,
            ..Checkpoint::default()
        },
        puts: vec![(KEY.into(), value)],
    };
    assert_eq!(model.apply(batch).await.unwrap(), Applied::Written);
}

async fn ask(query: &Query, max_age: Option<u64>) -> Result<Answer, Unanswered> {
    let demand = Demand {
        min_log_position: None,
        max_age: max_age.map(Duration::from_secs),
    };
    query.get(&view(), &KEY.into(), demand).await
}

fn version(answer: &Answer) -> u64 {
    answer.value.as_ref().unwrap().version
}

#[tokio::test]
async fn model_that_never_caught_up_is_not_believed() {
    let (model, store) = (MemoryReadModel::default(), store_of(FOLD).await);
    see(&model, &store, 3).await;
    let query = query(&model, &store);
    for _ in 0..2 {
        let answer = ask(&query, None).await.unwrap();
        assert_eq!((version(&answer), answer.source), (FOLD, "events"));
        assert_eq!(answer.degraded, ["model"]);
        // Looked at, it is behind, and that is no better.
        query.look().await;
    }
    assert!(!query.has_read(&view()));
}

#[tokio::test]
async fn value_of_a_long_stream_without_a_known_age_says_how_old_it_may_be() {
    let (model, store) = (MemoryReadModel::default(), store_of(FOLD + 1).await);
    see(&model, &store, 3).await;
    let query = query(&model, &store);
    query.look().await;
    let answer = ask(&query, None).await.unwrap();
    assert_eq!((version(&answer), answer.source), (3, "model"));
    assert_eq!(answer.degraded, ["model", "events", BEHIND]);
    assert_eq!(answer.age, Duration::from_millis(LATER_MS.unsigned_abs()));
    let refused = ask(&query, Some(59)).await;
    assert!(matches!(refused, Err(Unanswered::Unavailable { .. })));
}

#[tokio::test(start_paused = true)]
async fn value_is_as_old_as_its_projector_is_away() {
    let (model, store) = (MemoryReadModel::default(), MemoryEventStore::default());
    let mut desk = Desk::open();
    desk.book("T-1").await;
    desk.handle(&store, NEVER).await;
    see(&model, &store, 1).await;
    let query = query(&model, &store);
    query.look().await;
    let known_at = Instant::now();
    let answer = ask(&query, None).await.unwrap();
    assert_eq!((version(&answer), answer.degraded), (1, vec![]));
    // The projector ends, and more events come.
    desk.fill("T-1", 1, 1).await;
    desk.handle(&store, NEVER).await;
    for second in 1..=12 {
        tokio::time::advance(Duration::from_secs(1)).await;
        query.look().await;
        let answer = ask(&query, None).await.unwrap();
        let age = known_at.elapsed();
        assert_eq!(version(&answer), 1);
        assert!(answer.age >= age && age.as_secs() >= second, "{answer:?}");
        assert_eq!(answer.degraded == [BEHIND], second >= 2, "{second}");
    }
    let answer = ask(&query, Some(5)).await.unwrap();
    assert_eq!((version(&answer), answer.source), (2, "events"));
}

#[tokio::test]
async fn list_says_whether_it_is_whole() {
    let (model, store) = (MemoryReadModel::default(), store_of(3).await);
    let query = query(&model, &store);
    let list = async || query.list(&view(), "demo/", None, 10).await.unwrap();
    for _ in 0..2 {
        let page = list().await;
        assert_eq!((page.values.len(), page.age), (0, None));
        assert!(!is_whole(page.age) && page.degraded == [BEHIND]);
        query.look().await;
    }
    see(&model, &store, 3).await;
    query.look().await;
    let page = list().await;
    assert_eq!((page.values.len(), page.degraded.len()), (1, 0));
    assert!(is_whole(page.age) && query.has_read(&view()));
}
