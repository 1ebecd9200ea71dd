//! Frames of answers.

use actix_web::web::Bytes;
use http::problem::Problem;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::endpoint::Reading;

/// An answer. The frame has no `id`: a stream that resumes is told the present answers.
#[derive(Serialize)]
struct Answer<'a> {
    question: &'a str,
    age_s: u64,
    answer: &'a RawValue,
}

/// A question that had an answer before.
#[derive(Serialize)]
struct NoAnswer<'a> {
    question: &'a str,
    code: &'a str,
    detail: &'a str,
}

/// # Errors
/// The answer cannot be written.
pub(super) fn answer(question: &str, reading: &Reading) -> Result<Bytes, Problem> {
    frame(&Answer {
        question,
        age_s: reading.age.as_secs(),
        answer: &reading.body,
    })
}

/// # Errors
/// It cannot be written.
pub(super) fn no_answer(question: &str, why: &Problem) -> Result<Bytes, Problem> {
    frame(&NoAnswer {
        question,
        code: why.code(),
        detail: why.detail(),
    })
}

/// JSON as serde writes it is one line.
fn frame(data: &impl Serialize) -> Result<Bytes, Problem> {
    let data = serde_json::to_string(data).map_err(Problem::defect)?;
    Ok(format!("event: answer\ndata: {data}\n\n").into())
}
