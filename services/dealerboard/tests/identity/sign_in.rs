//! People sign in at a real provider with a real browser.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::chromium::Chromium;
use crate::provider::Provider;
use crate::story::{gateway_with_sign_in, trade};

/// Longest time until a gateway knows that a session was ended elsewhere, and some more.
const SOON: Duration = Duration::from_secs(20);

/// A gateway whose people sign in at a provider that knows it, and a browser.
async fn desk() -> (Provider, Platform, Chromium) {
    let provider = Provider::start("oidc-provider", "").await;
    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    provider.tell(&format!("desk?at={}", platform.url())).await;
    (provider, platform, Chromium::start())
}

/// From the platform's page to the provider's and back.
async fn signs_in(browser: &mut Chromium, platform: &Platform, person: &str) -> Value {
    let page = browser.visits(&format!("{}/signin", platform.url())).await;
    assert!(
        page["text"].as_str().unwrap().contains("The desk"),
        "{page}"
    );
    browser.clicks("Sign in with The desk").await;
    let form = json!({ "login": person, "password": "any" });
    browser.sends(form).await;
    let back = browser.does("submit", json!({})).await;
    // The page that is shown then says in the fragment which screen it is.
    let address = back["address"].as_str().unwrap().split('#').next();
    assert_eq!(address, Some(&*format!("{}/", platform.url())), "{back}");
    let (status, session) = browser.reads("/v1/session").await;
    assert_eq!(status, 200, "{session}");
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn person_signs_in_at_the_provider_works_and_signs_out_there() {
    let (_provider, platform, mut browser) = desk().await;
    let session = signs_in(&mut browser, &platform, "ann").await;
    assert_eq!(
        (&session["actor"], &session["kind"]),
        (&json!("id.ann"), &json!("person"))
    );
    assert_eq!(
        (&session["tenant"], &session["roles"]),
        (&json!("demo"), &json!(["trader"]))
    );

    // Scripts see nothing of it, and tokens are not in the browser at all.
    let cookies = browser.does("cookies", json!({})).await;
    assert_eq!(cookies["seen"], "", "{cookies}");
    let kept = cookies["cookies"].as_array().unwrap();
    let ours = |name: &str| kept.iter().find(|cookie| cookie["name"] == name);
    let cookie = ours("dealerboard-session").unwrap();
    assert_eq!(
        (&cookie["httpOnly"], &cookie["sameSite"]),
        (&json!(true), &json!("Lax"))
    );
    assert_eq!(cookie["value"].as_str().unwrap().len(), 43, "{cookie}");
    assert_eq!(ours("dealerboard-signin"), None, "{cookies}");

    let booked = browser.posts("/v1/trades", &trade("T-1")).await;
    assert_eq!(booked.0, 201, "{}", booked.1);
    let unproven = json!({ "method": "POST", "body": trade("T-2").to_string() });
    let (status, problem) = browser.fetches(unproven, "/v1/trades").await;
    assert_eq!(
        (status, &problem["code"]),
        (403, &json!("CSRF_TOKEN_INVALID"))
    );
    // Another book than hers.
    let mut other = trade("T-3");
    other["book"] = json!("FX");
    assert_eq!(browser.posts("/v1/trades", &other).await.0, 403);

    let (status, ended) = browser.posts("/v1/session:end", &json!({})).await;
    assert_eq!((status, &ended["ended"]), (200, &json!(true)), "{ended}");
    assert_eq!(browser.reads("/v1/session").await.0, 401);
    browser.visits(ended["go_to"].as_str().unwrap()).await;
    let page = browser.clicks("Yes, sign me out").await;
    assert_eq!(
        page["address"],
        format!("{}/signin", platform.url()),
        "{page}"
    );
    // The provider asks again who it is.
    let page = browser.clicks("Sign in with The desk").await;
    assert!(page["text"].as_str().unwrap().contains("Sign-in"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_out_at_the_provider_ends_the_session_and_its_stream() {
    let (provider, platform, mut browser) = desk().await;
    signs_in(&mut browser, &platform, "ann").await;
    let cookies = browser.does("cookies", json!({})).await;
    let kept = cookies["cookies"].as_array().unwrap();
    let cookie = kept
        .iter()
        .find(|cookie| cookie["name"] == "dealerboard-session");
    let cookie = format!(
        "dealerboard-session={}",
        cookie.unwrap()["value"].as_str().unwrap()
    );
    let live = reqwest::Client::new().get(format!("{}/v1/live?view=trades", platform.url()));
    let mut live = live.header("cookie", &cookie).send().await.unwrap();
    assert_eq!(live.status(), 200);

    // As somebody does who signs out of another application.
    browser
        .visits(&format!("{}/session/end", provider.issuer))
        .await;
    browser.clicks("Yes, sign me out").await;
    browser.visits(&format!("{}/signin", platform.url())).await;
    eventually("the end of the session", SOON, async || {
        let session = reqwest::Client::new().get(format!("{}/v1/session", platform.url()));
        let session = session.header("cookie", &cookie).send().await.unwrap();
        (session.status() == 401).then_some(())
    })
    .await;
    let ends = async { while live.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(40), ends)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_is_told_so_and_may_begin_again() {
    let (_provider, platform, mut browser) = desk().await;
    browser
        .visits(&format!("{}/signin/desk", platform.url()))
        .await;
    let page = browser.clicks("[ Cancel ]").await;
    assert_eq!(page["status"], 403, "{page}");
    let text = page["text"].as_str().unwrap();
    assert!(
        text.contains("The desk did not let you in, or you cancelled."),
        "{text}"
    );
    let page = browser.clicks("Sign in again").await;
    assert_eq!(page["address"], format!("{}/signin", platform.url()));
    signs_in(&mut browser, &platform, "ann").await;
}
