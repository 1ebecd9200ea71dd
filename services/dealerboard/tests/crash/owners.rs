//! Processes that take partitions from each other while commands arrive.

use std::sync::Mutex;
use std::time::Duration;

use kernel::port::NewRecord;
use testkit::eventually;
use testkit::process::{Process, Signal};

use crate::site::{BACK, Site};
use crate::state::{QUIET_WITHIN, clean};
use crate::workload::{self, RECORDS};

/// Longest time until a group has settled; a frozen member is given up after ten seconds.
const SETTLES_WITHIN: Duration = Duration::from_secs(40);
/// Records appended at each look at a group that settles: the load continues meanwhile.
const SIP: usize = 5;
const TAKEN_OVER: &str = "partition taken over";

#[tokio::test(flavor = "multi_thread")]
async fn frozen_owner_has_no_effect_after_its_partitions_were_taken_over() {
    clean().await;
    let site = Site::prepare().await;
    let records = workload::records(&site.prefix);
    let frozen = site.start(BACK, "frozen");
    let (first, rest) = records.split_at(RECORDS / 2);
    tokio::join!(site.append(first), async {
        handled(&site, RECORDS / 8).await;
        frozen.signal(Signal::Stop);
    });
    let heir = site.start(BACK, "heir");
    site.append(rest).await;
    eventually("the heir to take over", SETTLES_WITHIN, async || {
        (heir.log().matches(TAKEN_OVER).count() >= 8).then_some(())
    })
    .await;
    site.quiet(RECORDS).await;
    let before = site.state().await;
    before.assert_is(clean().await);
    frozen.signal(Signal::Continue);
    // It comes back as a member, and until then it does what it was about to do.
    let again = frozen.log().matches(TAKEN_OVER).count();
    eventually("the frozen one to be back", SETTLES_WITHIN, async || {
        (frozen.log().matches(TAKEN_OVER).count() > again).then_some(())
    })
    .await;
    site.ends_as_the_clean_run().await;
    drop((frozen, heir));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_change_hands_under_load_lose_nothing() {
    clean().await;
    let site = Site::prepare().await;
    let records = workload::records(&site.prefix);
    let load = Load::new(&records);
    let first = site.start(BACK, "first");
    load.until(&site, &first, TAKEN_OVER).await;
    let second = site.start(BACK, "second");
    load.until(&site, &second, TAKEN_OVER).await;
    let third = site.start(BACK, "third");
    load.until(&site, &third, TAKEN_OVER).await;
    // One leaves in order, one without a word.
    first.signal(Signal::Terminate);
    load.until(&site, &first, "all roles have ended").await;
    let mut second = second;
    second.kill();
    load.rest(&site).await;
    site.ends_as_the_clean_run().await;
    drop(third);
}

async fn handled(site: &Site, records: usize) {
    eventually("some records to be handled", QUIET_WITHIN, async || {
        (site.handled("trades").await.ok()? >= records as i64).then_some(())
    })
    .await;
}

/// The list, appended a sip at a time.
struct Load<'r>(Mutex<&'r [NewRecord]>);

impl<'r> Load<'r> {
    fn new(records: &'r [NewRecord]) -> Self {
        Self(Mutex::new(records))
    }

    fn sip(&self, records: usize) -> &'r [NewRecord] {
        let mut left = self.0.lock().unwrap();
        let (sip, rest) = left.split_at(records.min(left.len()));
        *left = rest;
        sip
    }

    /// Appends until the process has logged something.
    async fn until(&self, site: &Site, process: &Process, said: &str) {
        eventually(said, SETTLES_WITHIN, async || {
            site.append(self.sip(SIP)).await;
            process.log().contains(said).then_some(())
        })
        .await;
    }

    async fn rest(&self, site: &Site) {
        site.append(self.sip(RECORDS)).await;
    }
}
