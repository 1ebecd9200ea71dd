//! A server that does not run.

use std::error::Error;

use eventstore::PostgresEventStore;
use kernel::port::EventReader as _;
use kernel::topic::PartitionId;

const PARTITION: PartitionId = PartitionId {
    context: "trades",
    partition: 0,
};

/// A refused connection is a fault at once; only a wait that ran out is called one.
#[tokio::test]
async fn reader_of_a_server_that_does_not_run_is_refused_rather_than_kept_waiting() {
    let store = PostgresEventStore::new("postgres://127.0.0.1:1/none", 4).unwrap();
    let faults = [
        store
            .load(PARTITION, &["demo/T-1".into()], kernel::port::WHOLE)
            .await
            .unwrap_err(),
        store.read(PARTITION, 0, 1).await.unwrap_err(),
        store.ping().await.unwrap_err(),
    ];
    for fault in faults {
        let cause = fault.source.as_deref().and_then(Error::source);
        let text = format!("{fault:?}");
        assert!(
            cause.is_some() && text.contains("ConnectionRefused"),
            "{text}"
        );
    }
}
