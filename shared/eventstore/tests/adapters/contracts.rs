use testkit::contract;

use crate::databases::Databases;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_event_store_keeps_its_contract() {
    let databases = Databases::default();
    contract::event_store(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_checksums_keep_their_contract() {
    let databases = Databases::default();
    contract::checksums(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_snapshots_keep_their_contract() {
    let databases = Databases::default();
    contract::snapshots(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_fold_snapshots_keep_their_contract() {
    let databases = Databases::default();
    contract::fold_snapshots(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_dead_letters_keep_their_contract() {
    let databases = Databases::default();
    contract::dead_letters(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_parked_calls_keep_their_contract() {
    let databases = Databases::default();
    contract::parked_calls(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_timers_keep_their_contract() {
    let databases = Databases::default();
    contract::timers(async || databases.store().await).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_outcome_outbox_keeps_its_contract() {
    let databases = Databases::default();
    contract::outcome_outbox(async || databases.store().await).await;
    databases.discard().await;
}
