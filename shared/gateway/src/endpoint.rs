//! Endpoints: what answers a question of the table.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures::future::LocalBoxFuture;
use http::auth::Principal;
use http::problem::Problem;
use kernel::route::QuestionRoute;
use kernel::{Asked, Facts, Parameters, Permission, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::gateway::Gateway;

/// An answer on its way.
pub type Pending = LocalBoxFuture<'static, Result<HttpResponse, Problem>>;

/// Answers one question of the table.
pub trait Endpoint: Send + Sync + 'static {
    fn route(&self) -> QuestionRoute;

    fn answer(&self, call: Call) -> Pending;

    /// For live streams: its answers as they change. None where an answer needs more than live
    /// projections.
    fn watched(&self) -> Option<Arc<dyn Watchable>> {
        None
    }
}

/// Answers of live projections to one question of the table, which is the same for all of a tenant who
/// may ask it.
pub trait Watchable: Send + Sync + 'static {
    /// Raised whenever an answer may have changed.
    fn version(&self) -> u64;

    /// # Errors
    /// The question has no answer now.
    fn read(&self, asked: &Asked<'_>) -> Result<Reading, Problem>;
}

/// An answer, and how old it may be.
pub struct Reading {
    pub(crate) age: Duration,
    /// As its `GET` answers; one line.
    pub(crate) body: Box<RawValue>,
}

impl Reading {
    /// # Errors
    /// The answer cannot be written.
    pub fn new(age: Duration, answer: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::value::to_raw_value(answer).map_err(Problem::defect)?;
        Ok(Self { age, body })
    }
}

/// A request for an endpoint; its caller is known, and its parameters are those of the route.
pub struct Call {
    pub request: HttpRequest,
    pub principal: Principal,
    /// Strict JSON; empty without a body.
    pub body: Bytes,
    pub gateway: Arc<Gateway>,
    /// Values of the path, decoded.
    pub path: Parameters,
    pub parameters: Parameters,
}

impl Call {
    /// As a context reads it, at `now`.
    #[must_use]
    pub fn asked(&self, now: Timestamp) -> Asked<'_> {
        Asked {
            tenant: &self.principal.tenant,
            path: &self.path,
            parameters: &self.parameters,
            body: &self.body,
            now,
        }
    }

    /// # Errors
    /// The caller has used up a quota, or may not ask this; where a policy asks about the thing, it is the
    /// agent that the path names.
    pub(crate) async fn admit(&self, permission: Permission) -> Result<(), Problem> {
        let (gateway, principal) = (&self.gateway, &self.principal);
        let facts = about(&self.path);
        gateway.enter_to_ask(principal, permission, &facts).await
    }

    /// The time of the gateway.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.gateway.now()
    }
}

/// What a question of that path is about.
pub(crate) fn about(path: &Parameters) -> Facts {
    let agent = path.get("agent_id");
    agent.map(Facts::of_agent).unwrap_or_default()
}
