//! Endpoints of live projections and calculations.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use futures::FutureExt as _;
use http::headers;
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::{Method, QuestionRoute};
use kernel::{Asked, Calculation, LiveProjection, Question, Timestamp, Unanswerable};
use pipeline::{Followed, Query, Until};
use serde::Serialize;

use crate::endpoint::{Call, Endpoint, Pending, Reading, Watchable};
use crate::views::{bad_parameter, refused, until};

/// Answers `Q` from the projection that it follows.
pub struct OfProjection<Q: Question> {
    followed: Followed<Q::Of>,
    question: PhantomData<fn() -> Q>,
}

impl<Q: Question> OfProjection<Q> {
    #[must_use]
    pub fn new(followed: Followed<Q::Of>) -> Self {
        Self {
            followed,
            question: PhantomData,
        }
    }
}

impl<Q: Question> Endpoint for OfProjection<Q> {
    fn route(&self) -> QuestionRoute {
        Q::ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let followed = self.followed.clone();
        async move {
            if let Some(instant) = past(&call, Q::ROUTE.as_of)? {
                return of_the_past::<Q>(&call, instant).await;
            }
            let age = age(&followed)?;
            let answer = followed.ask(|of| Q::answer(of, &call.asked(call.now())));
            Ok(aged(
                age,
                answer.map_err(|why| unanswerable(&call, &Q::ROUTE, why))?,
            ))
        }
        .boxed_local()
    }

    fn watched(&self) -> Option<Arc<dyn Watchable>> {
        let is_whole = Q::ROUTE.method == Method::Get;
        is_whole.then(|| Arc::new(Self::new(self.followed.clone())) as _)
    }
}

impl<Q: Question> Watchable for OfProjection<Q> {
    fn version(&self) -> u64 {
        self.followed.version()
    }

    fn read(&self, asked: &Asked<'_>) -> Result<Reading, Problem> {
        let age = age(&self.followed)?;
        let answer = self.followed.ask(|of| Q::answer(of, asked));
        Reading::new(age, &answer.map_err(no_answer)?)
    }
}

/// Folds the events up to the instant: an expensive query.
async fn of_the_past<Q: Question>(
    call: &Call,
    instant: Timestamp,
) -> Result<HttpResponse, Problem> {
    let asked = call.asked(instant);
    // What is malformed is not worth a fold.
    match Q::answer(&mut Q::Of::default(), &asked) {
        Ok(_) | Err(Unanswerable::Unknown(_)) => {}
        Err(why) => return Err(unanswerable(call, &Q::ROUTE, why)),
    }
    let recall = |query: Query| async move { query.recall(instant).await };
    let tenant = call.principal.tenant.as_str();
    let recalled = call.gateway.query.run_expensive(tenant, recall).await;
    let mut recalled: Q::Of = recalled.map_err(refused)?;
    let answer = Q::answer(&mut recalled, &asked);
    let answer = answer.map_err(|why| unanswerable(call, &Q::ROUTE, why))?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Answers `C` away from the threads that serve.
pub struct OfCalculation<C>(PhantomData<fn() -> C>);

impl<C> Default for OfCalculation<C> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<C: Calculation> Endpoint for OfCalculation<C>
where
    C::Answer: Send,
{
    fn route(&self) -> QuestionRoute {
        C::ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        async move {
            let parameters = call.parameters.clone();
            // A long queue of impatient customers takes a second of arithmetic.
            let answer = web::block(move || C::answer(&parameters)).await;
            let answer = answer.map_err(Problem::defect)?;
            let answer = answer.map_err(|why| unanswerable(&call, &C::ROUTE, why))?;
            Ok(HttpResponse::Ok().json(answer))
        }
        .boxed_local()
    }
}

/// The instant of the past that `?as_of=` names. A log position is one of a single partition, and a
/// projection folds them all.
fn past(call: &Call, can: bool) -> Result<Option<Timestamp>, Problem> {
    let malformed = |detail: &'static str| Problem::new(platform::PARAMETER_MALFORMED, detail);
    if !can {
        return Ok(None);
    }
    match until(&call.parameters)? {
        None => Ok(None),
        Some(Until::Time(time)) if time > call.now() => Err(malformed("as_of is in the future")),
        Some(Until::Time(time)) => Ok(Some(time)),
        Some(Until::LogPosition(_) | Until::Now) => {
            Err(malformed("as_of is not a date-time with offset"))
        }
    }
}

/// The problem of a question that has no answer.
#[must_use]
pub fn unanswerable(call: &Call, route: &QuestionRoute, why: Unanswerable) -> Problem {
    match &why {
        Unanswerable::Body(_) => {
            let faults = call.gateway.document.faults_of_question(route, &call.body);
            faults.unwrap_or_else(|| no_answer(why))
        }
        _ => no_answer(why),
    }
}

/// The same where nobody can be shown the faults of a body.
#[must_use]
pub fn no_answer(why: Unanswerable) -> Problem {
    match why {
        Unanswerable::Parameter(bad) => bad_parameter(&bad),
        Unanswerable::Body(error) => crate::faults::unexplained(&error),
        Unanswerable::TooMuch(detail) => Problem::new(platform::BODY_MALFORMED, detail),
        Unanswerable::Unknown(what) => Problem::new(platform::NOT_FOUND, what),
    }
}

/// How old a projection may be.
///
/// # Errors
/// It has not caught up since the start and cannot answer.
pub fn age<R: LiveProjection>(followed: &Followed<R>) -> Result<Duration, Problem> {
    followed.age().ok_or_else(|| {
        let detail = format!("the {} is still being read", R::NAME);
        Problem::new(platform::BEHIND, detail).retry_after(1)
    })
}

/// An answer with its `Age`.
#[must_use]
pub fn aged(age: Duration, body: impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(body);
    headers::mark_age(response.headers_mut(), age);
    response
}
