//! Every figure of a stretch of time.

use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::{Asked, Question, Unanswerable};

use super::{READ, ask, parameters};
use crate::metrics::Metrics;
use crate::report::Report;

/// `GET /v1/metrics`.
pub enum AskFigures {}

impl Question for AskFigures {
    const ROUTE: QuestionRoute = QuestionRoute::get::<Report>(
        "/v1/metrics",
        "figures",
        READ,
        AnsweredFrom::LiveProjection,
        "the figures of a stretch of time, of a queue or of all",
    )
    .with(parameters::FIGURES)
    .of_the_past();
    type Of = Metrics;
    type Answer = Report;

    fn answer(metrics: &mut Metrics, asked: &Asked<'_>) -> Result<Report, Unanswerable> {
        let ask = ask(metrics, asked)?;
        Ok(metrics.report(asked.tenant, &ask, asked.now))
    }
}
