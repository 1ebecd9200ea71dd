//! Parked calls that were changed behind the platform's back.

use kernel::port::{ParkedCalls as _, Scrub as _};
use testkit::contract::{CONTEXTS, PARKED_AT, PARTITIONS, parked_call};
use testkit::servers::statement;

use crate::databases::{Databases, installed};

#[tokio::test(flavor = "multi_thread")]
async fn change_of_a_parked_call_is_refused_by_name_and_found() {
    let databases = Databases::default();
    let (store, database) = databases.store_of(&CONTEXTS.map(installed)).await;
    let calls = [parked_call(7), parked_call(8)];
    store.park(PARKED_AT, &calls).await.unwrap();
    let found = store.rows(&CONTEXTS, PARTITIONS).await.unwrap();
    assert_eq!((found.named, found.proven), (vec![], 2));
    let change = "UPDATE dealerboard.parked_call SET body = 'another' WHERE position = 8";
    statement(&database.url, change).await;
    let fault = store.list(PARKED_AT, None, 9).await.unwrap_err();
    let found = store.rows(&CONTEXTS, PARTITIONS).await.unwrap();
    assert_eq!((found.damaged, found.proven), (1, 1));
    assert_eq!(fault.damage(), Some(&found.named[0]));
    assert_eq!(
        found.named[0].row,
        "parked call offers-to-mail, contract/1 8/0"
    );
    databases.discard().await;
}
