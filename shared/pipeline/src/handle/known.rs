//! Command ids that are known already: in the inbox, or in batches that are not durable yet.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::Fault;
use kernel::batch::OutcomeRow;
use kernel::id::CommandId;
use kernel::port::EventReader;
use kernel::topic::Shard;

/// The outcomes of batches still in flight, over those of the inbox.
#[derive(Default)]
pub(crate) struct Known {
    in_flight: HashMap<CommandId, (u64, OutcomeRow)>,
    /// The inbox's answer about the records at hand.
    found: HashMap<CommandId, OutcomeRow>,
}

impl Known {
    /// Asks the inbox about those ids that no batch in flight knows.
    pub(crate) async fn look_up(
        &mut self,
        store: &Arc<dyn EventReader>,
        shard: Shard,
        ids: impl Iterator<Item = CommandId>,
    ) -> Result<(), Fault> {
        let asked: Vec<_> = ids.filter(|id| !self.in_flight.contains_key(id)).collect();
        self.found.clear();
        if !asked.is_empty() {
            let rows = store.outcomes(shard, &asked).await?;
            self.found
                .extend(rows.into_iter().map(|row| (row.command, row)));
        }
        Ok(())
    }

    pub(crate) fn get(&self, id: CommandId) -> Option<&OutcomeRow> {
        self.in_flight
            .get(&id)
            .map(|(_, row)| row)
            .or_else(|| self.found.get(&id))
    }

    pub(crate) fn add(&mut self, batch: u64, row: OutcomeRow) {
        self.in_flight.insert(row.command, (batch, row));
    }

    /// The batch is durable: the inbox knows its commands now.
    pub(crate) fn forget(&mut self, batch: u64, rows: &[OutcomeRow]) {
        for row in rows {
            if self
                .in_flight
                .get(&row.command)
                .is_some_and(|(number, _)| *number == batch)
            {
                self.in_flight.remove(&row.command);
            }
        }
    }
}
