//! Keycloak with the realm that the project ships. It takes a minute to start: `make test-identity`
//! has it tried, other runs leave it out.

use http::auth::TokenError;
use kernel::access::SubjectKind;

use reqwest::Client;
use serde_json::{Value, json};
use testkit::platform::Platform;

use crate::chromium::Chromium;
use crate::provider::{Provider, access_token};
use crate::story::{
    bearer, books, gateway, gateway_with_sign_in, is_refused, is_taken, roles, trade,
};

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
    people_sign_in_and_out(&provider).await;
    let unseen = provider.service_token("feeds", "urn:desk").await;
    provider.kill();
    is_taken(&platform, &unseen).await;
}

/// In a real browser, with the pages that Keycloak itself shows.
async fn people_sign_in_and_out(provider: &Provider) {
    let platform = gateway_with_sign_in(provider, "desk", "desk").await;
    knows(provider, &platform).await;
    let mut browser = Chromium::start();
    signs_in(&mut browser, &platform).await;
    let (_, session) = browser.reads("/v1/session").await;
    assert_eq!(
        (&session["actor"], &session["kind"]),
        (&json!("id.ann"), &json!("person")),
        "{session}"
    );
    let (status, booked) = browser.posts("/v1/trades", &trade("T-3")).await;
    assert_eq!(status, 201, "{booked}");

    // With the hint it asks nothing, and leads back.
    let (_, ended) = browser.posts("/v1/session:end", &json!({})).await;
    let page = browser.visits(ended["go_to"].as_str().unwrap()).await;
    assert_eq!(page["address"], format!("{}/signin", platform.url()));

    signs_in(&mut browser, &platform).await;
    let (status, _) = browser.reads("/v1/session").await;
    assert_eq!(status, 200);
    let elsewhere = format!("{}/protocol/openid-connect/logout", provider.issuer);
    browser.visits(&elsewhere).await;
    browser.does("submit", json!({})).await;
    browser
        .visits(&format!("{}/explorer/", platform.url()))
        .await;
    let (status, _) = browser.reads("/v1/session").await;
    assert_eq!(
        status, 401,
        "Keycloak told the platform before it showed its page"
    );
}

async fn signs_in(browser: &mut Chromium, platform: &Platform) {
    browser.visits(&format!("{}/signin", platform.url())).await;
    browser.clicks("Sign in with The desk").await;
    let back = browser
        .sends(json!({ "username": "ann", "password": "ann" }))
        .await;
    let address = back["address"].as_str().unwrap().split('#').next();
    assert_eq!(address, Some(&*format!("{}/", platform.url())), "{back}");
}

/// Has Keycloak send its notices to where this platform listens.
async fn knows(provider: &Provider, platform: &Platform) {
    let (root, _) = provider.issuer.split_once("/realms/").unwrap();
    let form = "grant_type=password&client_id=admin-cli&username=admin&password=admin";
    let token = Client::new()
        .post(format!(
            "{root}/realms/master/protocol/openid-connect/token"
        ))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let token: Value = token.send().await.unwrap().json().await.unwrap();
    let token = access_token(&token);
    let clients = format!("{root}/admin/realms/desk/clients");
    let found = Client::new().get(format!("{clients}?clientId=desk"));
    let found = found.bearer_auth(&token).send().await.unwrap();
    let mut found: Value = found.json().await.unwrap();
    let mut client = found[0].take();
    let address = format!("{}/signin/desk/backchannel-logout", platform.url());
    client["attributes"]["backchannel.logout.url"] = address.into();
    let place = format!("{clients}/{}", client["id"].as_str().unwrap());
    let put = Client::new().put(place).bearer_auth(&token).json(&client);
    put.send().await.unwrap().error_for_status().unwrap();
}
