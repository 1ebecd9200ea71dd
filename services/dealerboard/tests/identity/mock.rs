//! mock-oauth2-server: tokens of type JWT with `nbf`.

use http::auth::TokenError;
use kernel::access::SubjectKind;

use crate::provider::Provider;
use crate::story::{bearer, books, gateway, is_refused, is_taken, roles};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_mock_oauth2_server_are_taken() {
    let mut provider = Provider::start("mock", "/desk").await;
    let platform = gateway(&provider).await;
    let service = provider.service_token("feeds", "urn:desk").await;
    books(&platform, &service, "T-1").await;
    let feeds = bearer(&provider, &service).await;
    assert_eq!(
        (feeds.actor.as_str(), feeds.kind),
        ("id.feeds", SubjectKind::Service)
    );
    assert_eq!(roles(&feeds), ["service", "trader"]);

    let other = provider.service_token("elsewhere", "urn:desk").await;
    is_refused(&platform, &other, TokenError::Audience).await;
    let unseen = provider.service_token("feeds", "urn:desk").await;
    provider.kill();
    is_taken(&platform, &unseen).await;
}
