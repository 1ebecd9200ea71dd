//! The logs of one context, read from the start to where they end now.

use std::collections::HashMap;
use std::time::Duration;

use kernel::Fault;
use kernel::port::{Pace, ReadError, Reader, Record};

use super::{PAGE, VerifyPorts, bound};

/// A log that gives nothing for so long, though it does not end here, is asked whether there is
/// anything: its offsets may have holes.
const QUIET: Duration = Duration::from_secs(2);
/// Times it is asked before it is given up.
const QUIET_MAX: usize = 10;

/// Readers of every partition, those of them that there are.
#[derive(Default)]
pub(super) struct Logs {
    pub(super) commands: HashMap<u16, Box<dyn Reader>>,
    pub(super) events: HashMap<u16, Box<dyn Reader>>,
}

impl Logs {
    pub(super) async fn commands_of(
        ports: &VerifyPorts,
        context: &'static str,
    ) -> Result<HashMap<u16, Box<dyn Reader>>, Fault> {
        let follow = ports.command_log.follow(context, Pace::Prompt);
        let readers = bound::answer(|| format!("open the command log of {context}"), follow);
        Ok(by_partition(readers.await?))
    }

    pub(super) async fn events_of(
        ports: &VerifyPorts,
        context: &'static str,
    ) -> Result<HashMap<u16, Box<dyn Reader>>, Fault> {
        let follow = ports.event_log.follow(context, Pace::Prompt);
        let readers = bound::answer(|| format!("open the event log of {context}"), follow);
        Ok(by_partition(readers.await?))
    }
}

fn by_partition(readers: Vec<Box<dyn Reader>>) -> HashMap<u16, Box<dyn Reader>> {
    let readers = readers.into_iter();
    readers.map(|reader| (reader.partition(), reader)).collect()
}

/// The records of a partition from the first to the end it had when this began.
pub(super) struct Scan {
    reader: Box<dyn Reader>,
    next: i64,
    pub(super) end: i64,
    /// What the log does not give, in order. Holes between its offsets are none of it.
    pub(super) missing: Vec<Missing>,
}

/// Records that a log does not give, or no longer.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) from: i64,
    pub(super) to: i64,
    /// None: they were deleted.
    pub(super) damage: Option<String>,
    pub(super) is_named: bool,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            from, to, damage, ..
        } = self;
        match damage {
            None => write!(f, "the log no longer holds offsets {from} to {}", to - 1),
            Some(damage) => write!(f, "offsets {from} to {} cannot be read: {damage}", to - 1),
        }
    }
}

impl Scan {
    pub(super) async fn new(mut reader: Box<dyn Reader>) -> Result<Self, Fault> {
        let partition = reader.partition();
        let end = bound::answer(
            || format!("read the end of partition {partition}"),
            reader.end(),
        );
        let end = end.await?;
        let sought = bound::answer(|| format!("seek in partition {partition}"), reader.seek(0));
        let sought = sought.await;
        let mut scan = Self {
            reader,
            next: 0,
            end,
            missing: Vec::new(),
        };
        if let Err(error) = sought {
            scan.pass(error).await?;
        }
        Ok(scan)
    }

    /// The next records; none at the end.
    pub(super) async fn page(&mut self) -> Result<Vec<Record>, Fault> {
        let (mut page, mut quiet) = (Vec::new(), 0);
        while self.next < self.end {
            let take = self.reader.take(PAGE, &mut page);
            match tokio::time::timeout(QUIET, take).await {
                Ok(Ok(())) => {
                    let before = self.next;
                    self.next = page.last().map_or(before, |last| last.offset + 1);
                    if self.next <= before {
                        let attempt = format!("read offset {before}: the log does not move on");
                        return Err(Fault::bare("log", attempt));
                    }
                    page.retain(|record| record.offset < self.end);
                    if !page.is_empty() {
                        return Ok(page);
                    }
                }
                Ok(Err(error)) => self.pass(error).await?,
                Err(late) => {
                    let readable = self.readable().await?;
                    if readable >= self.end {
                        self.next = self.end;
                    }
                    quiet += 1;
                    if quiet == QUIET_MAX {
                        let attempt = format!("wait for offset {readable} of {}", self.end);
                        return Err(Fault::new("log", attempt, late));
                    }
                }
            }
        }
        Ok(page)
    }

    /// Continues behind what is not there, or cannot be read.
    async fn pass(&mut self, error: ReadError) -> Result<(), Fault> {
        let (to, damage) = match error {
            ReadError::Fault(fault) => return Err(fault),
            // A log that ends before what was asked for has nothing more to give.
            ReadError::Gone { first } if first <= self.next => (self.end, None),
            ReadError::Gone { first } => (first.min(self.end), None),
            ReadError::Unreadable { offset, detail } => {
                self.next = offset.max(self.next);
                (self.readable().await?.max(self.next + 1), Some(detail))
            }
        };
        let from = self.next;
        self.next = to;
        if from < to {
            self.missing.push(Missing {
                from,
                to,
                damage,
                is_named: false,
            });
        }
        if self.next >= self.end {
            return Ok(());
        }
        let sought = bound::answer(|| format!("seek offset {to}"), self.reader.seek(to));
        sought.await.map_err(Fault::from)
    }

    async fn readable(&self) -> Result<i64, Fault> {
        let next = self.next;
        let readable = self.reader.readable_after(next);
        bound::answer(
            || format!("look for a record from offset {next} on"),
            readable,
        )
        .await
    }
}
