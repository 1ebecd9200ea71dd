//! node-oidc-provider: a certified provider with access tokens by RFC 9068.

use http::auth::TokenError;
use kernel::access::SubjectKind;

use crate::provider::{Provider, access_token};
use crate::story::{bearer, books, gateway, get, is_refused, is_taken, roles};
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_oidc_provider_are_taken_and_its_id_tokens_are_not() {
    let mut provider = Provider::start("oidc-provider", "").await;
    let platform = gateway(&provider).await;
    let service = provider.service_token("feeds", "urn:desk").await;
    books(&platform, &service, "T-1").await;
    let feeds = bearer(&provider, &service).await;
    assert_eq!(
        (feeds.actor.as_str(), feeds.kind),
        ("id.feeds", SubjectKind::Service)
    );
    assert_eq!(roles(&feeds), ["service", "trader"]);

    let tokens = provider.tell("sign-in?as=ann").await;
    let person = access_token(&tokens);
    books(&platform, &person, "T-2").await;
    let ann = bearer(&provider, &person).await;
    assert_eq!(
        (ann.actor.as_str(), ann.kind),
        ("id.ann", SubjectKind::Person)
    );
    assert_eq!((roles(&ann), ann.ceiling), (vec!["trader"], Some(250_000)));
    assert_eq!(ann.books, Some(["EQ".into()].into()));

    let id_token = tokens["id_token"].as_str().unwrap();
    is_refused(&platform, id_token, TokenError::NotAnAccessToken).await;
    let other = provider.service_token("feeds", "urn:other").await;
    is_refused(&platform, &other, TokenError::Audience).await;

    // The last good keys count while the provider is away, for tokens that were never seen, too.
    let unseen = provider.service_token("feeds", "urn:desk").await;
    provider.kill();
    is_taken(&platform, &unseen).await;
    is_taken(&platform, &platform.token("demo")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_that_was_never_reached_is_a_fault_and_no_refusal() {
    let mut provider = Provider::start("oidc-provider", "").await;
    let token = provider.service_token("feeds", "urn:desk").await;
    provider.kill();
    let platform = gateway(&provider).await;
    let answer = get(&platform, &token).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    is_taken(&platform, &platform.token("demo")).await;
}
