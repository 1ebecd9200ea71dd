//! `GET /v1/queues/{queue_id}/live`: who waits and who could be asked, with today's figures.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use analytics::{Live, Metrics, NO_QUEUE};
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending, Reading, Watchable, age, aged, bad_parameter, no_answer};
use http::problem::Problem;
use kernel::Asked;
use kernel::code::platform;
use kernel::route::{AnsweredFrom, Parameter, QuestionRoute};
use pipeline::Followed;
use routing::{Floor, QueueFigures, QueueId};
use schemars::JsonSchema;
use serde::Serialize;

const ROUTE: QuestionRoute = QuestionRoute::get::<LiveFigures>(
    "/v1/queues/{queue_id}/live",
    "live_queue",
    analytics::READ,
    AnsweredFrom::LiveProjection,
    "who waits and since when, who is free, busy or out of reach and why, and today's figures",
)
.with(&[Parameter::of::<String>(
    "zone",
    "the IANA time zone whose clocks today began by; the queue's own when absent",
)]);

/// A queue at this moment.
#[derive(Debug, Serialize, JsonSchema)]
struct LiveFigures {
    floor: QueueFigures,
    today: Live,
}

/// The endpoint of floor and figures together.
#[derive(Clone)]
pub struct LiveQueue {
    pub floor: Followed<Floor>,
    pub metrics: Followed<Metrics>,
}

impl LiveQueue {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for LiveQueue {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let queue = self.clone();
        async move {
            let (age, answer) = answer(&queue, &call.asked(call.now()))?;
            Ok(aged(age, answer))
        }
        .boxed_local()
    }

    fn watched(&self) -> Option<Arc<dyn Watchable>> {
        Some(Arc::new(self.clone()))
    }
}

impl Watchable for LiveQueue {
    fn version(&self) -> u64 {
        // Each only rises.
        self.floor.version() + self.metrics.version()
    }

    fn read(&self, asked: &Asked<'_>) -> Result<Reading, Problem> {
        let (age, answer) = answer(self, asked)?;
        Reading::new(age, &answer)
    }
}

fn answer(of: &LiveQueue, asked: &Asked<'_>) -> Result<(Duration, LiveFigures), Problem> {
    let LiveQueue { floor, metrics } = of;
    let queue = asked.part::<QueueId>("queue_id").map_err(no_answer)?;
    let (tenant, now) = (asked.tenant, asked.now);
    let age = age(floor)?.max(age(metrics)?);
    let named = analytics::QueueId::from_str(queue.as_str())
        .map_err(|error| Problem::new(platform::PARAMETER_MALFORMED, error.to_string()))?;
    let (is_known, figures, within) = floor.ask(|floor| {
        let is_known = floor.knows(tenant, &queue);
        let within = floor.settings(tenant, &queue).service_level.within_s;
        (is_known, floor.show_queue(tenant, &queue, now), within)
    });
    let zone = asked.parameters.get("zone");
    let today = metrics.ask(|metrics| {
        if !is_known && !metrics.knows(tenant, &named) {
            return Err(Problem::new(platform::NOT_FOUND, NO_QUEUE));
        }
        let settings = metrics.live_settings(tenant, &named, within.get(), zone);
        let settings = settings.map_err(|bad| bad_parameter(&bad))?;
        Ok(metrics.live(tenant, &named, now, &settings))
    })?;
    let floor = figures;
    Ok((age, LiveFigures { floor, today }))
}
