//! `GET /v1/operations/dependencies`: what this process depends on, and how that is.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending};
use health::Health;
use kernel::Timestamp;
use kernel::route::{AnsweredFrom, QuestionRoute};
use resilience::{Dependency, Moved};
use schemars::JsonSchema;
use serde::Serialize;

use crate::READ;

const ROUTE: QuestionRoute = QuestionRoute::get::<Answer>(
    "/v1/operations/dependencies",
    "dependencies",
    READ,
    AnsweredFrom::Process,
    "the dependencies of the process that answers, and their breakers with what they did in the last hour",
);

/// As one process sees it.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// The process that answers: each sees its dependencies for itself.
    process: String,
    checks: Vec<Checked>,
    breakers: Vec<Guarded>,
}

/// A dependency that was asked.
#[derive(Debug, Serialize, JsonSchema)]
struct Checked {
    name: &'static str,
    holds: bool,
    /// What does not hold, in a sentence.
    why: Option<String>,
}

/// A class of operations on a dependency.
#[derive(Debug, Serialize, JsonSchema)]
struct Guarded {
    dependency: &'static str,
    /// Of operations.
    class: &'static str,
    /// `closed`, `open`, `half_open`, `forced_open`, `disabled` or `metrics_only`.
    state: &'static str,
    /// When it came to be in that state; none where it has been closed since the process began.
    since: Option<Timestamp>,
    /// Calls in the window that it judges by.
    calls: u64,
    /// Of those, 0 to 1.
    failure_ratio: f64,
    /// Of those, 0 to 1.
    slow_ratio: f64,
    /// How often it opened since it was last closed.
    opens_in_row: u32,
    /// How long calls are refused, seconds.
    retry_after_s: Option<f64>,
    last_error: Option<LastError>,
    /// Of the last hour, oldest first, 64 at most.
    changes: Vec<Change>,
}

/// The last call that failed.
#[derive(Debug, Serialize, JsonSchema)]
struct LastError {
    at: Timestamp,
    why: String,
}

/// A change of state.
#[derive(Debug, Serialize, JsonSchema)]
struct Change {
    at: Timestamp,
    from: &'static str,
    to: &'static str,
}

/// The endpoint of dependencies.
pub struct Dependencies {
    /// Of the process.
    pub health: Arc<Health>,
    /// As people know the process.
    pub process: String,
}

impl Dependencies {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Dependencies {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let (health, process) = (Arc::clone(&self.health), self.process.clone());
        async move {
            let checks = health.findings().await.into_iter();
            let checks = checks.map(|(name, finding)| Checked {
                name,
                holds: finding.is_ok(),
                why: finding.err(),
            });
            let (checks, now) = (checks.collect(), call.now());
            let breakers = health.guards.iter().map(|guard| Guarded::of(guard, now));
            Ok(HttpResponse::Ok().json(Answer {
                process,
                checks,
                breakers: breakers.collect(),
            }))
        }
        .boxed_local()
    }
}

impl Guarded {
    fn of(guard: &Dependency, now: Timestamp) -> Self {
        let (seen, past) = (guard.breaker().snapshot(), guard.breaker().past());
        let change = |moved: &Moved| Change {
            at: now.minus(moved.ago),
            from: moved.transition.from.as_str(),
            to: moved.transition.to.as_str(),
        };
        Self {
            dependency: seen.name.dependency,
            class: seen.name.class,
            state: seen.state.as_str(),
            since: past.last().map(|moved| now.minus(moved.ago)),
            calls: seen.calls,
            failure_ratio: seen.failure_ratio,
            slow_ratio: seen.slow_ratio,
            opens_in_row: seen.opens_in_row,
            retry_after_s: seen.retry_after.as_ref().map(Duration::as_secs_f64),
            last_error: guard.last_failure().map(|last| LastError {
                at: now.minus(last.ago),
                why: last.why,
            }),
            changes: past.iter().map(change).collect(),
        }
    }
}
