//! Admissions: what a context adds in front of accepting one of its commands.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use async_trait::async_trait;
use http::auth::Principal;
use http::problem::Problem;
use kernel::AggregateId;
use kernel::route::CommandRoute;
use pipeline::ContextSlice;
use serde_json::value::RawValue;

/// A command, before it is known to be of its type.
pub struct Addressed<'a> {
    pub context: ContextSlice,
    pub route: CommandRoute,
    pub principal: &'a Principal,
    pub headers: &'a HeaderMap,
    pub aggregate: &'a AggregateId,
    pub data: &'a RawValue,
}

/// What becomes of a command.
pub enum Admitted {
    /// It is accepted like any other; a warning goes with the answer.
    Accept { warning: Option<String> },
    /// It changes nothing and is answered at once.
    Answered(HttpResponse),
}

/// Looks at commands before they are accepted.
#[async_trait(?Send)]
pub trait Admission: Send + Sync + 'static {
    /// Whether it looks at the command; asked once per route.
    fn concerns(&self, context: &str, command: &str) -> bool;

    /// # Errors
    /// The command is refused. Data of another type than the command's is accepted here, because
    /// accepting it refuses it with all its faults.
    async fn admit(&self, command: &Addressed<'_>) -> Result<Admitted, Problem>;
}
