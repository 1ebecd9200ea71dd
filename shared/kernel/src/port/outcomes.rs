//! The topic of outcomes: what producers receive about their records.
//!
//! A notice is written with the commit that settles its record and removed once it is published, so
//! none is lost; a crash between the two repeats some.

use async_trait::async_trait;
use bytes::Bytes;

use crate::code::Fault;
use crate::topic::PartitionId;

/// What became of one record of a command partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeNotice {
    /// Offset of the record in the command partition: with that, the notice's identity.
    pub offset: i64,
    /// The record's key.
    pub key: Option<Bytes>,
    /// JSON object.
    pub value: Bytes,
}

/// Notices that commits have written.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{OutcomeLog, OutcomeOutbox};
/// use kernel::topic::PartitionId;
///
/// /// Publishes the notices that wait. A crash in between repeats them and loses none.
/// async fn announce(
///     outbox: &dyn OutcomeOutbox,
///     log: &dyn OutcomeLog,
///     partition_id: PartitionId,
/// ) -> Result<(), Fault> {
///     loop {
///         let notices = outbox.unpublished(partition_id, 100).await?;
///         let Some(last) = notices.last().map(|notice| notice.offset) else {
///             return Ok(());
///         };
///         log.publish_outcomes(partition_id, notices).await?;
///         outbox.published(partition_id, last).await?;
///     }
/// }
/// ```
#[async_trait]
pub trait OutcomeOutbox: Send + Sync {
    /// Up to `max` notices that are not published, in offset order.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn unpublished(
        &self,
        partition_id: PartitionId,
        max: usize,
    ) -> Result<Vec<OutcomeNotice>, Fault>;

    /// Forgets the notices up to an offset: they are on the topic.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn published(&self, partition_id: PartitionId, upto: i64) -> Result<(), Fault>;
}

/// The topic that producers read.
///
/// ```
/// use bytes::Bytes;
/// use kernel::Fault;
/// use kernel::port::{OutcomeLog, OutcomeNotice};
/// use kernel::topic::PartitionId;
///
/// /// Says of a record of a command partition that it was rejected.
/// async fn rejected(log: &dyn OutcomeLog, partition_id: PartitionId, offset: i64) -> Result<(), Fault> {
///     let value = Bytes::from_static(br#"{"status":"rejected"}"#);
///     let notice = OutcomeNotice { offset, key: None, value };
///     log.publish_outcomes(partition_id, vec![notice]).await
/// }
/// ```
#[async_trait]
pub trait OutcomeLog: Send + Sync {
    /// Publishes in order, to the partition of the records; all are durable when this returns.
    ///
    /// # Errors
    /// After a [`Fault`] some may be published.
    async fn publish_outcomes(
        &self,
        partition_id: PartitionId,
        notices: Vec<OutcomeNotice>,
    ) -> Result<(), Fault>;
}
