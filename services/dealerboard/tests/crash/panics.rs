//! Defects of our own: a task that panics is taken up again, and a command that panics each time is
//! parked.

use testkit::eventually;

use crate::site::{BACK, Site};
use crate::state::{QUIET_WITHIN, clean};
use crate::workload::{self, RECORDS};

/// Where tasks panic, and after how many passes; commands, less often than gets them parked.
const TASKS: [&str; 7] = [
    "deciding=25*off->2*panic",
    "applying=50*off->2*panic",
    "handled-not-submitted=20*off->3*panic",
    "before-commit=30*off->3*panic",
    "committed-not-published=40*off->3*panic",
    "before-publish=50*off->3*panic",
    "published-not-stored=60*off->3*panic",
];
/// One decision of two: of the commands, one in eight panics three times, and is parked.
const DECISIONS: &str = "deciding=50%panic";
/// Trades of a run; as many as wanted by naming a number in the environment.
const BOOKINGS: usize = 400;
const BOOKINGS_WANTED: &str = "DEALERBOARD_TEST_PANICS";

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_panic_are_taken_up_again_and_change_nothing() {
    clean().await;
    let site = Site::prepare().await;
    let records = workload::records(&site.prefix);
    let mut process = site.start_armed(BACK, "panicking", &TASKS.join(";"));
    site.append(&records).await;
    site.quiet(RECORDS).await;
    let log = process.log();
    for point in TASKS {
        let (point, _) = point.split_once('=').unwrap();
        let panicked = format!("failpoint {point} panic");
        assert!(log.contains(&panicked), "{point} was never passed");
    }
    assert!(process.ended().is_none(), "it never ended");
    site.ends_as_the_clean_run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_panic_each_time_are_parked_and_taken_when_redriven() {
    let site = Site::prepare().await;
    let wanted = std::env::var(BOOKINGS_WANTED).ok();
    let bookings = wanted.map_or(BOOKINGS, |wanted| wanted.parse().unwrap());
    let mut process = site.start_armed(BACK, "defect", DECISIONS);
    site.append(&workload::bookings(&site.prefix, bookings))
        .await;
    let all = bookings as i64;
    eventually("all to be handled", QUIET_WITHIN, async || {
        (site.handled("trades").await.ok()? == all).then_some(())
    })
    .await;
    let (accepted, parked) = (site.accepted().await, site.parked().await);
    println!("{bookings} bookings: {accepted} accepted, {parked} parked");
    assert_eq!(accepted + parked, all);
    // An eighth, give or take seven standard deviations.
    assert!((1..all / 2).contains(&parked), "{parked} parked");
    assert!(process.ended().is_none(), "it never ended");
    process.kill();
    let _mended = site.start(BACK, "defect");
    let redrive = "dead-letters redrive --context trades --by ann --approved-by ben --yes";
    let redrive: Vec<_> = redrive.split(' ').collect();
    let redriven = site.command(&redrive).output().unwrap();
    assert!(redriven.status.success(), "{redriven:?}");
    eventually("all to be accepted", QUIET_WITHIN, async || {
        (site.accepted().await == all).then_some(())
    })
    .await;
    assert_eq!(site.parked().await, 0);
    site.verify().await;
    site.discard().await;
}

impl Site {
    /// Trades that were booked, each by one event.
    async fn accepted(&self) -> i64 {
        self.count("SELECT sum(next_position - 1)::int8 FROM trades.cursor")
            .await
    }

    async fn parked(&self) -> i64 {
        self.count("SELECT count(*) FROM trades.dead_letter WHERE reason = 'panicked' AND state = 'parked'")
            .await
    }

    async fn count(&self, select: &str) -> i64 {
        let counted = sqlx::query_scalar(select).fetch_one(&self.pool).await;
        counted.unwrap()
    }
}
