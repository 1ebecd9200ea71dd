//! Extensions: what a part of the platform that sees several contexts adds to a view's answer.

use std::sync::Arc;

use actix_web::HttpResponse;
use async_trait::async_trait;
use http::auth::Principal;
use http::problem::Problem;
use kernel::Parameters;

use crate::gateway::Gateway;

/// Adds to the answers of one view.
#[async_trait(?Send)]
pub trait ViewExtension: Send + Sync + 'static {
    /// Name of the view.
    fn view(&self) -> &'static str;

    /// # Errors
    /// The parameters ask for something that does not exist or cannot be answered now.
    async fn extend(
        &self,
        gateway: &Arc<Gateway>,
        principal: &Principal,
        parameters: &Parameters,
        answer: HttpResponse,
    ) -> Result<HttpResponse, Problem>;
}
