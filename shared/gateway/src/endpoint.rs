//! Endpoints: what answers a question of the table.

use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures::future::LocalBoxFuture;
use http::auth::Principal;
use http::problem::Problem;
use kernel::route::QuestionRoute;
use kernel::{Asked, Facts, Parameters, Permission, Timestamp};

use crate::gateway::Gateway;

/// An answer on its way.
pub type Pending = LocalBoxFuture<'static, Result<HttpResponse, Problem>>;

/// Answers one question of the table.
pub trait Endpoint: Send + Sync + 'static {
    fn route(&self) -> QuestionRoute;

    fn answer(&self, call: Call) -> Pending;
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
        let agent = self.path.get("agent_id");
        let facts = agent.map(Facts::of_agent).unwrap_or_default();
        let (gateway, principal) = (&self.gateway, &self.principal);
        gateway.enter_to_ask(principal, permission, &facts).await
    }

    /// The time of the gateway.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.gateway.now()
    }
}
