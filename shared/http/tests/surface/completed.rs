//! What is known of a token's bearer beside the token.

use std::sync::Arc;

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{self, Data};
use http::auth::{Completion, Members, Principal};
use http::edge::edge;
use kernel::{Subject, Unserved};
use serde_json::Value;

use crate::issuer::Issuer;

/// Who knows the same of everybody.
struct Knows(Option<Completion>);

impl Members for Knows {
    fn version(&self) -> Option<u64> {
        self.0.as_ref().map(|_| 1)
    }

    fn changes(&self, _subject: &Subject) -> u64 {
        1
    }

    fn complete(&self, _subject: &Subject) -> Completion {
        self.0.clone().unwrap_or(Completion::AsIs)
    }
}

/// What a good token is answered with where that is known of its bearer.
async fn answered(known: Option<Completion>) -> (StatusCode, Value) {
    let issuer = Issuer::new();
    let members: Arc<dyn Members> = Arc::new(Knows(known));
    let app = App::new()
        .wrap(from_fn(edge))
        .app_data(Data::new(issuer.verifier()))
        .app_data(Data::from(members))
        .route("/", web::get().to(|_: Principal| async { "{}" }));
    let app = init_service(app).await;
    let bearer = format!("Bearer {}", issuer.good());
    let request = TestRequest::get().insert_header((AUTHORIZATION, bearer));
    let response = call_service(&app, request.to_request()).await;
    (response.status(), read_body_json(response).await)
}

#[actix_web::test]
async fn bearer_of_a_tenant_that_is_not_served_is_told_how_to_mend_it() {
    for (unserved, code, call) in [
        (
            Unserved::Suspended,
            "TENANT_SUSPENDED",
            "/v1/tenants/demo:resume",
        ),
        (
            Unserved::Unknown,
            "TENANT_UNKNOWN",
            "/v1/tenants with the tenant_id demo",
        ),
    ] {
        let (status, problem) = answered(Some(Completion::Unserved(unserved))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert_eq!(problem["code"], code);
        assert!(problem["fix"].as_str().unwrap().contains(call), "{problem}");
        assert_eq!(problem.get("permission"), None, "{problem}");
    }
}

#[actix_web::test]
async fn nobody_is_let_in_before_it_is_known_who_may() {
    let (status, problem) = answered(None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    let (status, problem) = answered(Some(Completion::Revoked)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{problem}");
    assert_eq!(answered(Some(Completion::AsIs)).await.0, StatusCode::OK);
}
