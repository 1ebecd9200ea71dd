//! Looking how current the read models are: by one question to the store and one to each model, for all
//! views and partitions, at a steady pace.

use std::time::Duration;

use futures::future::join_all;
use kernel::Fault;
use resilience::Deadline;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::chain::{guarded, tell};
use super::{Ends, Marks, Query, Source};
use crate::slices::ViewSlice;

/// How often it looks: the age of every answer of a platform in which nothing is behind.
const PERIOD: Duration = Duration::from_millis(700);

impl Query {
    /// Keeps looking until `stop`.
    pub async fn watch(self, stop: CancellationToken) {
        loop {
            self.look().await;
            let pause = tokio::time::sleep(PERIOD);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Looks once. A store or model that cannot be asked is known no better, and its values grow older.
    pub async fn look(&self) {
        let mut ends = self.ends.lock().await;
        let at = Instant::now();
        let deadline = Deadline::within(self.settings.deadline);
        let heads = || self.history.reader.heads(&self.contexts);
        let heads = self.history.guard.call(deadline, heads).await;
        match heads.map_err(Fault::from) {
            Ok(heads) => ends.note(at, heads),
            Err(fault) => tell(self.history.name, &fault),
        }
        let sources = self.sources.iter();
        join_all(sources.map(|known| look_at(known, &ends, deadline))).await;
    }

    /// Whether a model has been seen to have everything of the view since this process began.
    #[must_use]
    pub fn has_read(&self, view: &ViewSlice) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|(_, marks)| marks.age_of_all(view.id).is_some())
    }
}

async fn look_at((source, marks): &(Source, Marks), ends: &Ends, deadline: Deadline) {
    let asked = marks.asked();
    let seen = guarded(source, deadline, || source.model.checkpoints(&asked)).await;
    if let Some(seen) = seen {
        marks.note(&seen, ends);
    }
}
