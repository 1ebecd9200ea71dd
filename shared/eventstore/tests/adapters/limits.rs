//! Numbers that a column cannot hold.

use kernel::port::{CommitError, EventReader as _, EventStore as _};
use testkit::Writer;
use testkit::contract::CONTEXTS;

use crate::databases::Databases;

#[tokio::test(flavor = "multi_thread")]
async fn version_beyond_four_bytes_is_not_written_as_another() {
    let databases = Databases::default();
    let store = databases.store().await;
    let partition_id = kernel::topic::PartitionId {
        context: CONTEXTS[0],
        partition: 0,
    };
    for largest in [1 << 31, u64::MAX] {
        let mut writer = Writer::take_over(&store, partition_id, 1).await;
        writer.accept("demo/a", 1);
        writer.growing().events[0].sequence = largest;
        let committed = store.commit(&[writer.seal()]).await;
        assert!(
            matches!(committed, Err(CommitError::NotMade(_))),
            "{committed:?}"
        );
        assert_eq!(store.read(partition_id, 0, 9).await.unwrap(), []);
        let cursor = store.cursor(partition_id).await.unwrap().unwrap();
        assert_eq!(cursor.next_log_position, 1);
    }
    databases.discard().await;
}
