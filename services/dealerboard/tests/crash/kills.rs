//! Kills at random moments.

use crate::site::{BACK, Site};
use crate::state::clean;
use crate::workload::{self, Draw, RECORDS, SEED};

/// Kills in one run.
const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_change_nothing() {
    clean().await;
    let site = Site::prepare().await;
    let records = workload::records(&site.prefix);
    let mut draw = Draw(SEED ^ 0xdead);
    let part = RECORDS / (KILLS + 1);
    let mut process = site.start(BACK, "killed");
    for index in 0..KILLS {
        site.append(&records[index * part..(index + 1) * part])
            .await;
        // Somewhere in the part: a moment that depends on all that happens at once.
        let until = (index * part) as i64 + draw.below(part as u64) as i64;
        testkit::eventually("some of the part", crate::state::QUIET_WITHIN, async || {
            (site.handled("trades").await.ok()? >= until).then_some(())
        })
        .await;
        process.kill();
        process = site.start(BACK, "killed");
    }
    site.append(&records[KILLS * part..]).await;
    site.ends_as_the_clean_run().await;
    drop(process);
}
