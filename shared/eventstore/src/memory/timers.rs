//! Commands that are due later.

use async_trait::async_trait;
use kernel::port::{Due, Timers};
use kernel::{Fault, Timestamp};
use uuid::Uuid;

use super::MemoryEventStore;

#[async_trait]
impl Timers for MemoryEventStore {
    async fn due(
        &self,
        context: &'static str,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>, Fault> {
        let state = self.state();
        let timers = state
            .timers
            .get(context)
            .into_iter()
            .flat_map(|timers| timers.values());
        let mut due: Vec<_> = timers
            .filter(|(_, timer)| timer.due <= now)
            .cloned()
            .collect();
        due.sort_by_key(|(_, timer)| timer.due);
        due.truncate(max);
        Ok(due.into_iter().map(Ok).collect())
    }

    async fn fired(&self, context: &'static str, ids: &[Uuid]) -> Result<(), Fault> {
        if let Some(timers) = self.state().timers.get_mut(context) {
            timers.retain(|_, (_, timer)| !ids.contains(&timer.id));
        }
        Ok(())
    }
}
