//! The events of one tenant, as they are stored.

use kernel::batch::EventRow;
use kernel::port::EventReader;
use kernel::topic::PartitionId;
use kernel::{Fault, Tenant};

/// Events read from the store at once: some hundred KB, and 256 MB if each is as large as a command may be.
const PAGE: usize = 256;

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
    /// The store cannot be reached, or an event is damaged or missing.
    pub async fn next(&mut self) -> Result<Option<Vec<EventRow>>, Fault> {
        while self.after < self.until {
            let left = usize::try_from(self.until - self.after).unwrap_or(PAGE);
            let (partition_id, after) = (self.partition_id, self.after);
            let page = self.reader.read(partition_id, after, PAGE.min(left));
            let mut rows = page.await?;
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
}
