//! What is granted, limited and revoked beside the tokens.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use testkit::eventually;

use crate::desk::{Desk, booking};

/// Until every gateway has followed.
const FOLLOWED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn tokens_are_completed_by_what_is_known_of_their_bearer() {
    completed(Desk::embedded().await).await;
}

#[tokio::test]
async fn tokens_in_production_are_completed_by_what_is_known_of_their_bearer() {
    completed(Desk::production().await).await;
}

async fn completed(desk: Desk) {
    let dan = desk.token(&["--actor", "dan", "--role", "operator"]);
    let book = |n: u32, book: &str| booking(&format!("T-{n}"), "A1", book, 10);
    assert!(
        desk.post(&dan, "/v1/trades", book(1, "FX"))
            .await
            .is_refused()
    );

    // The very same token is good for more once a role is granted.
    desk.does("/v1/members/dan:grant-roles", json!({"roles": ["trader"]}))
        .await;
    eventually("the role", FOLLOWED, async || {
        let booked = desk.post(&dan, "/v1/trades", book(2, "FX")).await;
        booked.status.is_success().then_some(())
    })
    .await;
    desk.does(
        "/v1/members/dan/limits",
        json!({"books": ["FX"], "ceiling": 100}),
    )
    .await;
    eventually("the limits", FOLLOWED, async || {
        let other = desk.post(&dan, "/v1/trades", book(3, "EQ")).await;
        other.is_refused().then_some(())
    })
    .await;
    let large = desk
        .post(&dan, "/v1/trades", booking("T-4", "A1", "FX", 11))
        .await;
    assert!(large.is_refused(), "{large:?}");
    // Of another name, and of the same in another tenant, nothing is known.
    let eve = desk.token(&["--actor", "eve", "--role", "trader"]);
    assert!(
        desk.post(&eve, "/v1/trades", book(5, "EQ"))
            .await
            .status
            .is_success()
    );
    let there = desk.token_of("acme", &["--actor", "dan", "--role", "trader"]);
    assert!(
        desk.post(&there, "/v1/trades", book(5, "EQ"))
            .await
            .status
            .is_success()
    );

    let shown = desk
        .shows("/v1/members/dan", |member| {
            member["limits"]["ceiling"] == 100
        })
        .await;
    assert_eq!(shown["roles"], json!(["trader"]), "{shown}");
    let granted = desk
        .listed(&desk.token(&[]), "/v1/members?role=trader&limit=5")
        .await;
    assert_eq!(granted.len(), 1, "{granted:?}");

    desk.does("/v1/members/dan:revoke-tokens", json!({})).await;
    eventually("the revocation", FOLLOWED, async || {
        let refused = desk.get(&dan, "/v1/trades").await;
        (refused.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    // Tokens have whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let later = desk.token(&["--actor", "dan", "--role", "operator"]);
    let read = desk.get(&later, "/v1/trades/T-2").await;
    assert!(read.status.is_success(), "{read:?}");
    desk.does(
        "/v1/members/dan:withdraw-roles",
        json!({"roles": ["trader"]}),
    )
    .await;
    eventually("the withdrawal", FOLLOWED, async || {
        desk.get(&later, "/v1/trades/T-2")
            .await
            .is_refused()
            .then_some(())
    })
    .await;
    desk.discard().await;
}

#[tokio::test]
async fn nobody_raises_themselves() {
    let desk = Desk::embedded().await;
    let mallory = desk.token(&["--actor", "mallory", "--role", "admin"]);
    let grant = json!({"roles": ["compliance"]});
    let own = desk
        .post(&mallory, "/v1/members/mallory:grant-roles", grant.clone())
        .await;
    assert_eq!(
        (own.status.as_u16(), &own.body["code"]),
        (403, &json!("OWN_ROLES")),
        "{own:?}"
    );
    let dealer = desk.token(&["--actor", "dan", "--role", "trader"]);
    assert!(
        desk.post(&dealer, "/v1/members/eve:grant-roles", grant)
            .await
            .is_refused()
    );
    assert!(desk.get(&dealer, "/v1/members/eve").await.is_refused());
}

/// What was revoked is known again before the first request is answered.
#[tokio::test]
async fn revocation_outlives_a_crash() {
    let mut desk = Desk::embedded().await;
    let dan = desk.token(&["--actor", "dan", "--role", "trader"]);
    desk.does("/v1/members/dan:revoke-tokens", json!({})).await;
    eventually("the revocation", FOLLOWED, async || {
        let refused = desk.get(&dan, "/v1/trades").await;
        (refused.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    desk.crash().await;
    eventually("the revocation again", FOLLOWED, async || {
        let refused = desk.get(&dan, "/v1/trades").await;
        (refused.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
}
