//! Keycloak with the realm that the project ships. It takes a minute to start: `make test-identity`
//! has it tried, other runs leave it out.

use http::auth::TokenError;
use kernel::access::SubjectKind;

use crate::provider::{Provider, access_token};
use crate::story::{bearer, books, gateway, is_refused, is_taken, roles};

/// Set by `make test-identity`.
const WANTED: &str = "DEALERBOARD_TEST_KEYCLOAK";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_keycloak_are_taken_and_its_id_tokens_are_not() {
    if std::env::var_os(WANTED).is_none() {
        return;
    }
    let mut provider = Provider::start("keycloak", "/realms/desk").await;
    let platform = gateway(&provider).await;
    let service = provider.service_token("feeds", "urn:desk").await;
    books(&platform, &service, "T-1").await;
    let feeds = bearer(&provider, &service).await;
    let name = "id.service-account-feeds";
    assert_eq!(
        (feeds.actor.as_str(), feeds.kind),
        (name, SubjectKind::Service)
    );
    let has = |role: &str| roles(&feeds).contains(&role);
    assert!(
        has("service") && has("trader") && !has("admin"),
        "{feeds:?}"
    );

    let form = [
        ("grant_type", "password"),
        ("client_id", "screens"),
        ("username", "ann"),
        ("password", "ann"),
        ("scope", "openid"),
    ];
    let tokens = provider.tokens_of_public_client(&form).await;
    let person = access_token(&tokens);
    books(&platform, &person, "T-2").await;
    let ann = bearer(&provider, &person).await;
    assert_eq!(
        (ann.actor.as_str(), ann.kind),
        ("id.ann", SubjectKind::Person)
    );
    assert_eq!(
        (&ann.books, ann.ceiling),
        (&Some(["EQ".into()].into()), Some(250_000))
    );
    assert!(roles(&ann).contains(&"trader"), "{ann:?}");

    for (kind, reason) in [
        ("id_token", TokenError::NotAnAccessToken),
        ("refresh_token", TokenError::NotAnAccessToken),
    ] {
        is_refused(&platform, tokens[kind].as_str().unwrap(), reason).await;
    }
    let other = provider.service_token("elsewhere", "urn:desk").await;
    is_refused(&platform, &other, TokenError::Claim("audience")).await;
    let unseen = provider.service_token("feeds", "urn:desk").await;
    provider.kill();
    is_taken(&platform, &unseen).await;
}
