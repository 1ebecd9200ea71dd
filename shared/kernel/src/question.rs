//! Questions that a live projection or arithmetic answers: what a context can say beside its views.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::{BadParameter, LiveProjection, Parameters};
use crate::id::Tenant;
use crate::route::QuestionRoute;
use crate::time::Timestamp;

/// A question as its caller asked it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of the caller's token.
    pub tenant: &'a Tenant,
    /// Values of the path's parameters, decoded.
    pub path: &'a Parameters,
    /// The query string.
    pub parameters: &'a Parameters,
    /// Strict JSON; empty without a body.
    pub body: &'a [u8],
    /// The time of the question, or the instant that `as_of` names.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// The body.
    ///
    /// # Errors
    /// It is not of the form that is asked for.
    pub fn read_body<T: DeserializeOwned>(&self) -> Result<T, Unanswerable> {
        serde_json::from_slice(self.body).map_err(Unanswerable::Body)
    }

    /// A part of the path.
    ///
    /// # Errors
    /// It is not of the form that such a part has.
    pub fn part<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Unanswerable> {
        let part = self.path.read(name)?;
        part.ok_or_else(|| {
            Unanswerable::from(BadParameter {
                name,
                reason: "is missing in the path".to_owned(),
            })
        })
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// A part of the path, or of the query string.
    #[error(transparent)]
    Parameter(#[from] BadParameter),
    /// The body is not of the form that is asked for.
    #[error("the body does not fit its schema")]
    Body(#[source] serde_json::Error),
    /// The body is of the right form and too large.
    #[error("{0}")]
    TooMuch(String),
    /// What is asked for does not exist.
    #[error("{0}")]
    Unknown(&'static str),
}

/// A question to a live projection.
pub trait Question: Send + Sync + 'static {
    /// Its row of the route table.
    const ROUTE: QuestionRoute;
    /// The projection that answers.
    type Of: LiveProjection;
    /// The body of the answer.
    type Answer: Serialize + JsonSchema;

    /// Asks the projection, under its lock.
    ///
    /// # Errors
    /// [`Unanswerable`]; parameters and body are checked before anything that depends on events.
    fn answer(of: &mut Self::Of, asked: &Asked<'_>) -> Result<Self::Answer, Unanswerable>;
}

/// A question that arithmetic alone answers; it may take a second.
pub trait Calculation: Send + Sync + 'static {
    /// Its row of the route table.
    const ROUTE: QuestionRoute;
    /// The body of the answer.
    type Answer: Serialize + JsonSchema;

    /// Computes the answer.
    ///
    /// # Errors
    /// A parameter cannot be read, or the question has no answer.
    fn answer(parameters: &Parameters) -> Result<Self::Answer, Unanswerable>;
}
