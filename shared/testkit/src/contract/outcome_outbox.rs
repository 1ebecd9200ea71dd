//! What every store of notices for the topic of outcomes does, whatever it is made of.

use bytes::Bytes;
use kernel::port::{EventStore, OutcomeNotice, OutcomeOutbox};
use kernel::topic::PartitionId;

use super::{CONTEXTS, partition_id};
use crate::Writer;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn outcome_outbox<S: EventStore + OutcomeOutbox>(make: impl AsyncFn() -> S) {
    notices_wait_in_offset_order_until_they_are_published(&make().await).await;
    notice_of_a_refused_batch_is_not_there(&make().await).await;
}

async fn notices_wait_in_offset_order_until_they_are_published<S>(store: &S)
where
    S: EventStore + OutcomeOutbox,
{
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    let mut written = Vec::new();
    for key in [Some(&b"demo/a"[..]), None, Some(&[0, 159, 255]), Some(b"")] {
        writer.accept("demo/a", 1);
        let notice = notice(writer.cursor().next_offset - 1, key);
        writer.growing().notices.push(notice.clone());
        written.push(notice);
    }
    writer.commit(store).await;
    assert_eq!(waiting(store, partition_id(1), 9).await, written);
    assert_eq!(waiting(store, partition_id(1), 2).await, written[..2]);
    for elsewhere in [
        partition_id(0),
        PartitionId {
            context: CONTEXTS[1],
            partition: 1,
        },
    ] {
        assert_eq!(waiting(store, elsewhere, 9).await, []);
    }
    let published = store.published(partition_id(1), written[2].offset).await;
    published.expect("an answer");
    assert_eq!(waiting(store, partition_id(1), 9).await, written[3..]);
}

async fn notice_of_a_refused_batch_is_not_there<S: EventStore + OutcomeOutbox>(store: &S) {
    let mut stale = Writer::take_over(store, partition_id(0), 1).await;
    Writer::take_over(store, partition_id(0), 2).await;
    stale.accept("demo/a", 1);
    stale.growing().notices.push(notice(0, None));
    let refused = store.commit(&[stale.seal()]).await.expect("an answer");
    assert_eq!(refused, [partition_id(0)]);
    assert_eq!(waiting(store, partition_id(0), 9).await, []);
}

fn notice(offset: i64, key: Option<&[u8]>) -> OutcomeNotice {
    OutcomeNotice {
        offset,
        key: key.map(Bytes::copy_from_slice),
        value: r#"{"status":"rejected","detail":"Zürich 🦀"}"#.into(),
    }
}

async fn waiting(
    store: &impl OutcomeOutbox,
    partition_id: PartitionId,
    max: usize,
) -> Vec<OutcomeNotice> {
    store.unpublished(partition_id, max).await.expect("notices")
}
