//! Parked calls.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::id::Actor;
use kernel::port::{CallPlace, CallState, EffectPartition, ParkedCall, ParkedCalls};

use super::MemoryEventStore;

#[async_trait]
impl ParkedCalls for MemoryEventStore {
    async fn park(&self, at: EffectPartition, calls: &[ParkedCall]) -> Result<(), Fault> {
        let mut state = self.state();
        let parked = state.parked_calls.entry(at).or_default();
        for call in calls {
            let kept = parked.entry(call.place).or_insert_with(|| call.clone());
            if kept.state == CallState::Waiting {
                *kept = ParkedCall {
                    marked_by: kept.marked_by.clone(),
                    ..call.clone()
                };
            }
        }
        Ok(())
    }

    async fn held_keys(&self, at: EffectPartition) -> Result<Vec<Arc<str>>, Fault> {
        let keys: HashSet<_> = self.open(at).into_iter().map(|call| call.key).collect();
        Ok(keys.into_iter().collect())
    }

    async fn ready(&self, at: EffectPartition, max: usize) -> Result<Vec<ParkedCall>, Fault> {
        let mut keys = HashSet::new();
        let open = self.open(at).into_iter();
        let ready = open.filter(|call| {
            let is_first = keys.insert(Arc::clone(&call.key));
            is_first && call.state == CallState::Waiting
        });
        Ok(ready.take(max).collect())
    }

    async fn list(
        &self,
        at: EffectPartition,
        after: Option<CallPlace>,
        max: usize,
    ) -> Result<Vec<ParkedCall>, Fault> {
        let state = self.state();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let parked = state.parked_calls.get(&at).into_iter();
        let behind = parked.flat_map(|parked| parked.range((after, Bound::Unbounded)));
        Ok(behind.map(|(_, call)| call.clone()).take(max).collect())
    }

    async fn mark(
        &self,
        at: EffectPartition,
        place: CallPlace,
        from: CallState,
        to: CallState,
        by: Option<&Actor>,
    ) -> Result<bool, Fault> {
        let mut state = self.state();
        let parked = state.parked_calls.get_mut(&at);
        let call = parked.and_then(|parked| parked.get_mut(&place));
        let Some(call) = call.filter(|call| call.state == from) else {
            return Ok(false);
        };
        call.state = to;
        if let Some(by) = by {
            call.marked_by = Some(by.clone());
        }
        Ok(true)
    }
}

impl MemoryEventStore {
    /// In the order of their places.
    fn open(&self, at: EffectPartition) -> Vec<ParkedCall> {
        let state = self.state();
        let parked = state.parked_calls.get(&at).into_iter();
        let calls = parked.flat_map(|parked| parked.values());
        calls.filter(|call| call.state.is_open()).cloned().collect()
    }
}
