//! A refusal: what its caller is answered, and what operators see of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::problem::Problem;
use kernel::access::TENANTS;
use kernel::code::platform;
use kernel::{Permission, Subject};
use metrics::{Unit, counter, describe_counter};
use tracing::info;

const REFUSED: &str = "dealerboard_access_refused_total";

/// Lines of refusals per second: a caller who keeps trying must not fill the log.
const LINES_PER_SECOND: u32 = 10;

/// Gives the recorder a sentence for every metric of access.
pub fn describe_metrics() {
    describe_counter!(
        REFUSED,
        Unit::Count,
        "Requests that the policies refused, by the permission that was missing."
    );
}

/// Writes refusals to the log, and counts those that it leaves out.
#[derive(Default)]
pub(super) struct Refusals {
    second: Mutex<Option<(Instant, u32)>>,
    unwritten: AtomicU64,
}

impl Refusals {
    pub(super) fn note(
        &self,
        subject: &Subject,
        permission: Permission,
        by: &[String],
        policies: &str,
    ) {
        counter!(REFUSED, "permission" => permission.to_string()).increment(1);
        if !self.may_write() {
            self.unwritten.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (tenant, actor) = (&subject.tenant, &subject.actor);
        let unwritten = self.unwritten.swap(0, Ordering::Relaxed);
        let forbidden_by = by.join(", ");
        info!(%tenant, %actor, %permission, policies, forbidden_by, unwritten, "access refused");
    }

    fn may_write(&self) -> bool {
        let Ok(mut second) = self.second.lock() else {
            return false;
        };
        let now = Instant::now();
        let (began, lines) = second.get_or_insert((now, 0));
        if now.duration_since(*began) >= Duration::from_secs(1) {
            (*began, *lines) = (now, 0);
        }
        *lines += 1;
        *lines <= LINES_PER_SECOND
    }
}

/// Names the permission, and the policy where one forbids it.
pub(super) fn problem(permission: Permission, by: &[String]) -> Problem {
    let detail = match by {
        [] => format!("this needs the permission {permission}"),
        forbidden => {
            let policies = forbidden.join(", ");
            format!("this needs the permission {permission}, which is limited here by {policies}")
        }
    };
    // Another tenant's administrator has not got it to give.
    let giver = match permission.area() {
        TENANTS => "whoever manages the tenants of this installation",
        _ => "the administrator of your tenant",
    };
    let fix = format!("ask {giver} for a role that has {permission}");
    Problem::new(platform::NOT_ALLOWED, detail).needs(permission, fix)
}
