//! Single records of a partition, looked at for what they hold: which is the first, which the last, where
//! reading can continue behind a damage.

use std::sync::Arc;
use std::time::Duration;

use kernel::Fault;
use kernel::port::{Record, Span};
use tokio::sync::Notify;

use super::asks::Asks;
use super::ends::Ends;
use super::fetch::Place;
use super::fetchers::Fetchers;
use super::trouble::Trouble;

/// Longest time until an offset has been looked at.
const LOOK_WAIT: Duration = Duration::from_secs(5);
/// Records looked at together.
const PAGE: usize = 500;
/// Times as far back, where the last event was not found.
const BACK: i64 = 16;

/// Looks at partitions.
pub(super) struct Looks {
    fetchers: Fetchers,
    ends: Arc<Asks<Ends>>,
}

/// What is at an offset.
enum Looked {
    /// The first records from there on.
    Records(Vec<Record>),
    /// What cannot be read.
    Unreadable,
    /// Nothing any more.
    End,
}

impl Looks {
    pub(super) fn new(fetchers: Fetchers, ends: Arc<Asks<Ends>>) -> Self {
        Self { fetchers, ends }
    }

    /// The first offset of the partition, and the one behind its last record.
    pub(super) async fn range(&self, place: &Place) -> Result<(i64, i64), Fault> {
        let range = Ends::Range(Arc::clone(&place.topic), place.partition);
        match self.ends.ask(range).await?[..] {
            [first, end] => Ok((first, end)),
            _ => Err(attempt(place, "no answer")),
        }
    }

    /// Which events the partition holds.
    pub(super) async fn span(&self, place: &Place) -> Result<Option<Span>, Fault> {
        let (low, high) = self.range(place).await?;
        if low == high {
            return Ok(None);
        }
        let Some(first) = self.first_event(place, low, high).await? else {
            return Ok(None);
        };
        let last = self.last_event(place, low, high).await?.unwrap_or(first);
        if first > 1 && low == 0 {
            return Err(Fault::bare(
                "kafka",
                format!(
                    "{}/{} begins at position {first} and was never given those before: delete its \
                     records up to its end (kafka-delete-records), and all are published again from \
                     the store",
                    place.topic, place.partition
                ),
            ));
        }
        Ok(Some(Span { first, last }))
    }

    /// Position of the first event from `low` on; what is none, or cannot be read, is passed.
    async fn first_event(&self, place: &Place, low: i64, high: i64) -> Result<Option<u64>, Fault> {
        let mut next = low;
        while next < high {
            let records = self.page(place, &mut next).await?;
            let first = records.iter().find_map(|record| record.log_position);
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// Position of the last event before `high`: looked for further and further back.
    async fn last_event(&self, place: &Place, low: i64, high: i64) -> Result<Option<u64>, Fault> {
        let mut back = 1;
        loop {
            let from = low.max(high - back);
            let (mut next, mut last) = (from, None);
            while next < high {
                let records = self.page(place, &mut next).await?;
                let found = records.iter().rev().find_map(|record| record.log_position);
                last = found.or(last);
            }
            if last.is_some() || from == low {
                return Ok(last);
            }
            back *= BACK;
        }
    }

    /// The records at `next`, which moves behind them, or behind what cannot be read.
    async fn page(&self, place: &Place, next: &mut i64) -> Result<Vec<Record>, Fault> {
        match self.look(place, *next).await? {
            Looked::Records(records) => {
                *next = records.last().map_or(i64::MAX, |last| last.offset + 1);
                return Ok(records);
            }
            Looked::Unreadable => *next = self.readable_after(place, *next).await?,
            Looked::End => *next = i64::MAX,
        }
        Ok(Vec::new())
    }

    /// Offset of the first record from `offset` on that can be read, or the end. Unreadable records are
    /// contiguous, so their end is found by halving.
    pub(super) async fn readable_after(&self, place: &Place, offset: i64) -> Result<i64, Fault> {
        let (low, high) = self.range(place).await?;
        let from = offset.max(low);
        if let Some(readable) = self.readable(place, from, high).await? {
            return Ok(readable);
        }
        let (mut bad, mut step) = (from, 1);
        let (mut good, mut readable) = loop {
            let probed = from.saturating_add(step).min(high);
            match self.readable(place, probed, high).await? {
                Some(readable) => break (probed, readable),
                None => bad = probed,
            }
            step *= 2;
        };
        while good - bad > 1 {
            let probed = bad + (good - bad) / 2;
            match self.readable(place, probed, high).await? {
                Some(found) => (good, readable) = (probed, found),
                None => bad = probed,
            }
        }
        Ok(readable)
    }

    /// Offset of the first record from `offset` on, or the end; none when it cannot be read.
    async fn readable(&self, place: &Place, offset: i64, end: i64) -> Result<Option<i64>, Fault> {
        if offset >= end {
            return Ok(Some(end));
        }
        Ok(match self.look(place, offset).await? {
            Looked::Records(records) => records.first().map(|record| record.offset),
            Looked::End => Some(end),
            Looked::Unreadable => None,
        })
    }

    async fn look(&self, place: &Place, offset: i64) -> Result<Looked, Fault> {
        let looked = tokio::time::timeout(LOOK_WAIT, self.look_at(place, offset)).await;
        let late = |_| attempt(place, &format!("offset {offset}: no answer"));
        looked.map_err(late)?
    }

    async fn look_at(&self, place: &Place, offset: i64) -> Result<Looked, Fault> {
        let come = Arc::new(Notify::new());
        let signal = Arc::clone(&come);
        let opened = self
            .fetchers
            .open(place.clone(), offset, move || signal.notify_one());
        let mut fetch = opened
            .await
            .map_err(|error| Fault::new("kafka", attempt(place, "open it").attempt, error))??;
        loop {
            let mut records = Vec::new();
            match fetch.drain(PAGE, &mut records) {
                Ok(()) if fetch.has_caught_up() && records.is_empty() => return Ok(Looked::End),
                Ok(()) => {}
                Err(failed) => {
                    return match failed.trouble() {
                        Trouble::Unreadable => Ok(Looked::Unreadable),
                        _ => Err(Fault::new("kafka", attempt(place, "read").attempt, failed)),
                    };
                }
            }
            if !records.is_empty() {
                return Ok(Looked::Records(records));
            }
            come.notified().await;
        }
    }
}

fn attempt(place: &Place, what: &str) -> Fault {
    let detail = format!("look at {}/{}: {what}", place.topic, place.partition);
    Fault::bare("kafka", detail)
}
