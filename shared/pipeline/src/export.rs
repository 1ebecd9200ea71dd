//! The events of one tenant, as they are stored.

use std::time::Duration;

use kernel::batch::EventRow;
use kernel::port::EventReader;
use kernel::topic::PartitionId;
use kernel::{Fault, Tenant};
use tokio::time::Instant;

use crate::backoff::Backoff;

/// Events read from the store at once: some hundred KB, and 256 MB if each is as large as a command may be.
const PAGE: usize = 256;

/// How long one page is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// A tenant's events of one partition, page by page up to a log position. Those of other tenants are read,
/// too, and passed over: a partition is in the order of its log.
pub struct TenantEvents<'r> {
    reader: &'r dyn EventReader,
    partition_id: PartitionId,
    /// What the keys of the tenant begin with.
    prefix: String,
    after: u64,
    until: u64,
}

impl<'r> TenantEvents<'r> {
    /// Those up to `until`, that one included.
    #[must_use]
    pub fn new(
        reader: &'r dyn EventReader,
        partition_id: PartitionId,
        tenant: &Tenant,
        until: u64,
    ) -> Self {
        Self {
            reader,
            partition_id,
            prefix: format!("{tenant}/"),
            after: 0,
            until,
        }
    }

    /// The next that there are, in log position order; none behind the last.
    ///
    /// # Errors
    /// The store could not be reached for a minute, or an event is damaged or missing.
    pub async fn next(&mut self) -> Result<Option<Vec<EventRow>>, Fault> {
        while self.after < self.until {
            let left = usize::try_from(self.until - self.after).unwrap_or(PAGE);
            let (partition_id, after) = (self.partition_id, self.after);
            let mut rows = self.page(after, PAGE.min(left)).await?;
            let last = rows.last().map(|row| row.record.log_position);
            let Some(last) = last.filter(|last| *last > after) else {
                let missing = format!("read events of {partition_id} after {after}: none are left");
                return Err(Fault::bare("events", missing));
            };
            self.after = last;
            rows.retain(|row| row.record.key.starts_with(&self.prefix));
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// An export takes long, and must not end for a store that is away for a moment.
    async fn page(&self, after: u64, max: usize) -> Result<Vec<EventRow>, Fault> {
        let (mut backoff, began) = (Backoff::new(), Instant::now());
        loop {
            match self.reader.read(self.partition_id, after, max).await {
                Err(fault) if fault.damage().is_none() && began.elapsed() < PATIENCE => {
                    backoff.wait().await;
                }
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use eventstore::MemoryEventStore;
    use testkit::Writer;

    use super::*;

    const PARTITION: PartitionId = PartitionId {
        context: "trades",
        partition: 0,
    };

    /// Two tenants in turn, of which one's name begins with the other's, and then many of the latter.
    async fn store() -> MemoryEventStore {
        let store = MemoryEventStore::default();
        let mut writer = Writer::take_over(&store, PARTITION, 1).await;
        for _ in 0..10 {
            writer.accept("acme/T-1", 1);
            writer.accept("acme-2/T-1", 1);
        }
        for _ in 0..PAGE * 2 {
            writer.accept("acme-2/T-2", 1);
        }
        writer.accept("acme/T-2", 1);
        writer.commit(&store).await;
        store
    }

    async fn positions(store: &MemoryEventStore, tenant: &str, until: u64) -> Vec<u64> {
        let tenant = tenant.parse().unwrap();
        let mut events = TenantEvents::new(store, PARTITION, &tenant, until);
        let mut positions = Vec::new();
        while let Some(rows) = events.next().await.unwrap() {
            assert!(rows.len() <= PAGE, "memory is bounded");
            for row in &rows {
                let tenant = format!("{tenant}/");
                assert!(row.record.key.starts_with(&tenant));
            }
            positions.extend(rows.iter().map(|row| row.record.log_position));
        }
        positions
    }

    #[tokio::test]
    async fn events_are_those_of_the_tenant_up_to_the_cut() {
        let (store, head) = (store().await, 21 + 2 * PAGE as u64);
        let every_other: Vec<_> = (1..20).step_by(2).collect();
        let all = [&every_other[..], &[head]].concat();
        assert_eq!(positions(&store, "acme", head).await, all);
        assert_eq!(positions(&store, "acme", head - 1).await, every_other);
        assert_eq!(positions(&store, "acme", 3).await, [1, 3]);
        let others = positions(&store, "acme-2", head).await;
        assert_eq!(others.len(), 10 + 2 * PAGE);
        assert!(positions(&store, "nobody", head).await.is_empty());
        assert!(positions(&store, "acme", 0).await.is_empty());
    }

    #[tokio::test]
    async fn events_that_are_missing_are_no_end() {
        let store = store().await;
        let tenant = "nobody".parse().unwrap();
        let mut events = TenantEvents::new(&store, PARTITION, &tenant, 10_000);
        let fault = events.next().await.unwrap_err();
        assert!(fault.to_string().contains("trades/0"), "{fault}");
    }
}
