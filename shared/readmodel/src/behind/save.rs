//! Saving what waits.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::{Applied, ViewBatch, ViewId};
use tracing::warn;

use super::Shared;

/// Pause after a model that cannot be written to.
const AGAIN: Duration = Duration::from_secs(1);

/// Has everything of the view saved some time from now, in a task that ends when nothing waits.
pub(super) fn later(shared: &Arc<Shared>, view: ViewId) {
    let is_under_way = shared.write(view, |front| std::mem::replace(&mut front.saving, true));
    if !is_under_way {
        tokio::spawn(save(Arc::clone(shared), view));
    }
}

async fn save(shared: Arc<Shared>, view: ViewId) {
    let mut pause = shared.linger;
    loop {
        tokio::time::sleep(pause).await;
        let batches = shared.read(view, |front| front.batches(view));
        pause = shared.linger;
        for batch in batches.unwrap_or_default() {
            match shared.durable.apply(batch.clone()).await {
                Ok(Applied::Written) => saved(&shared, &batch),
                // Another process has written, or cleared it: nothing of ours is based on what is there.
                Ok(Applied::Refused) => return shared.forget(view),
                Err(fault) => {
                    let error: &(dyn std::error::Error + 'static) = &fault;
                    warn!(%view, error, "values are not saved, will try again");
                    pause = AGAIN;
                }
            }
        }
        let done = shared.write(view, |front| {
            let done = front.is_saved();
            front.saving = !done;
            done
        });
        if done {
            return;
        }
    }
}

/// What is saved need not wait any more; it was written lately, and will be asked for.
fn saved(shared: &Shared, batch: &ViewBatch) {
    shared.write(batch.view, |front| {
        for (key, value) in front.saved(batch) {
            shared.kept.insert((batch.view, key), value);
        }
    });
    shared.saved.notify_waiters();
}
