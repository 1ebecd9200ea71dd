//! What people do with parked calls: they look at them, redrive and discard them.

use std::sync::Arc;

use kernel::Fault;
use kernel::port::{CallPlace, CallState, EffectPartition, ParkedCall, ParkedCalls};
use tracing::info;

use crate::redrive::Responsible;

/// Parked calls read at once.
const PAGE: usize = 500;

/// Looks after the parked calls. What is redriven here is made by the process that owns the partition,
/// within seconds; order is its affair, so no call can overtake another of its key.
#[derive(Clone)]
pub struct CallRedriver {
    /// Where the calls are kept.
    pub parked: Arc<dyn ParkedCalls>,
}

impl CallRedriver {
    /// Up to `max` calls behind a place that are parked, or wait behind a parked one.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn open(
        &self,
        at: EffectPartition,
        mut after: Option<CallPlace>,
        max: usize,
    ) -> Result<Vec<ParkedCall>, Fault> {
        let mut open = Vec::new();
        loop {
            let page = self.parked.list(at, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(open);
            };
            after = Some(last.place);
            open.extend(page.into_iter().filter(|parked| parked.state.is_open()));
            if open.len() >= max {
                open.truncate(max);
                return Ok(open);
            }
        }
    }

    /// Has a parked call made again, as soon as no call of its key is open before it; false when it is
    /// not parked.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn redrive(
        &self,
        at: EffectPartition,
        place: CallPlace,
        responsible: &Responsible,
    ) -> Result<bool, Fault> {
        let (from, to) = (CallState::Parked, CallState::Waiting);
        self.mark(at, place, from, to, responsible).await
    }

    /// Ends a call without another try; false when it is not open. What waits behind it goes on. One
    /// that is under way at this moment may be made all the same.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn discard(
        &self,
        at: EffectPartition,
        place: CallPlace,
        responsible: &Responsible,
    ) -> Result<bool, Fault> {
        for from in [CallState::Parked, CallState::Waiting] {
            let to = CallState::Discarded;
            if self.mark(at, place, from, to, responsible).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn mark(
        &self,
        at: EffectPartition,
        place: CallPlace,
        from: CallState,
        to: CallState,
        responsible: &Responsible,
    ) -> Result<bool, Fault> {
        let by = Some(&responsible.by);
        let marked = self.parked.mark(at, place, from, to, by).await?;
        if marked {
            info!(
                effect = at.effect,
                partition_id = %at.partition_id,
                %place,
                to = to.as_str(),
                by = %responsible.by,
                "a parked call was marked"
            );
        }
        Ok(marked)
    }
}
