//! The document of the API, and a page to read and try it, both out of the binary.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web::Path;
use http::problem::Problem;
use kernel::code::platform;
use utoipa_swagger_ui::Config;

use crate::gateway::Shared;

/// What the page may load: itself. It styles its elements in place.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    frame-ancestors 'none'";

/// `GET /openapi.json`.
pub(crate) async fn document(gateway: Shared) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(gateway.document.document())
}

/// `GET /explorer/{file}`.
pub(crate) async fn file(file: Path<String>) -> Result<HttpResponse, Problem> {
    let config = Arc::new(Config::from("/openapi.json"));
    let found = utoipa_swagger_ui::serve(&file, config);
    let found = found.map_err(|error| Problem::defect(std::io::Error::other(error.to_string())))?;
    match found {
        Some(file) => Ok(HttpResponse::Ok()
            .content_type(file.content_type)
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(file.bytes.into_owned())),
        None => Err(Problem::new(platform::NOT_FOUND, "no such page")),
    }
}
