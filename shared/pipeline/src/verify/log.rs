//! The logs of one context, read from the start to where they end now.

use std::collections::HashMap;
use std::time::Duration;

use kernel::Fault;
use kernel::port::{Assignments, Change, Pace, Reader, Record};

use super::{PAGE, VerifyPorts};

/// Longest time a log may take to hand out its partitions, or the next record it said it has.
const WAIT: Duration = Duration::from_secs(30);

/// Readers of every partition. They belong to a group of this run alone, so that nobody's
/// assignment changes and no offset is committed.
pub(super) struct Logs {
    // Held, because dropping a membership ends its readers.
    _memberships: [Box<dyn Assignments>; 2],
    commands: HashMap<u16, Box<dyn Reader>>,
    events: HashMap<u16, Box<dyn Reader>>,
}

impl Logs {
    pub(super) async fn join(
        ports: &VerifyPorts,
        context: &'static str,
        group: &str,
        partitions: u16,
    ) -> Result<Self, Fault> {
        let mut commands = ports
            .command_log
            .consume(context, group, Pace::Prompt)
            .await?;
        let group = format!("{group}.{context}.events");
        let mut events = ports
            .event_log
            .consume(context, &group, Pace::Prompt)
            .await?;
        Ok(Self {
            commands: assigned(commands.as_mut(), partitions).await?,
            events: assigned(events.as_mut(), partitions).await?,
            _memberships: [commands, events],
        })
    }

    pub(super) fn commands(&mut self, partition: u16) -> Result<Box<dyn Reader>, Fault> {
        taken(&mut self.commands, partition)
    }

    pub(super) fn events(&mut self, partition: u16) -> Result<Box<dyn Reader>, Fault> {
        taken(&mut self.events, partition)
    }
}

fn taken(
    readers: &mut HashMap<u16, Box<dyn Reader>>,
    partition: u16,
) -> Result<Box<dyn Reader>, Fault> {
    readers
        .remove(&partition)
        .ok_or_else(|| Fault::bare("log", format!("partition {partition} has no reader")))
}

async fn assigned(
    membership: &mut dyn Assignments,
    partitions: u16,
) -> Result<HashMap<u16, Box<dyn Reader>>, Fault> {
    let mut readers = HashMap::new();
    while readers.len() < usize::from(partitions) {
        let next = tokio::time::timeout(WAIT, membership.next()).await;
        let next = next.map_err(|late| Fault::new("log", "wait for its partitions", late))?;
        match next? {
            Change::Assigned(reader) => drop(readers.insert(reader.partition(), reader)),
            Change::Revoked(partition) | Change::Lost(partition) => {
                drop(readers.remove(&partition));
            }
        }
    }
    Ok(readers)
}

/// The records of a partition from the first to the end it had when this began.
pub(super) struct Scan {
    reader: Box<dyn Reader>,
    next: i64,
    pub(super) end: i64,
}

impl Scan {
    pub(super) async fn new(mut reader: Box<dyn Reader>) -> Result<Self, Fault> {
        let end = reader.end().await?;
        reader.seek(0).await?;
        Ok(Self {
            reader,
            next: 0,
            end,
        })
    }

    /// The next records; none at the end.
    pub(super) async fn page(&mut self) -> Result<Vec<Record>, Fault> {
        let mut page = Vec::new();
        if self.next >= self.end {
            return Ok(page);
        }
        let taken = tokio::time::timeout(WAIT, self.reader.take(PAGE, &mut page)).await;
        taken.map_err(|late| {
            let attempt = format!("read offset {} of {}", self.next, self.end);
            Fault::new("log", attempt, late)
        })??;
        page.retain(|record| record.offset < self.end);
        self.next = page.last().map_or(self.end, |last| last.offset + 1);
        Ok(page)
    }
}
