//! The people of the demo, on this machine.

use reqwest::{Method, StatusCode};
use testkit::platform::Platform;

use crate::browser::{BINARY, Browser, read};

#[tokio::test]
async fn browser_signs_in_works_and_signs_out() {
    let platform = Platform::embedded(BINARY).await;
    let mut browser = Browser::of(&platform);
    assert_eq!(
        browser.reads("/v1/session").await.0,
        StatusCode::UNAUTHORIZED
    );
    let page = browser.request(Method::GET, "/signin?to=/v1/trades");
    let page = page.send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.contains("value=\"ann\"") && html.contains("value=\"/v1/trades\""));

    browser.signs_in("trader").await;
    let (_, session) = browser.reads("/v1/session").await;
    assert_eq!(session["actor"], "trader", "{session}");
    assert_eq!(
        (&session["kind"], &session["tenant"]),
        (&"person".into(), &"demo".into())
    );
    assert_eq!(session["permissions"]["trades:book"], "all", "{session}");
    assert_eq!(session["permissions"].get("members:manage"), None);
    assert_eq!(browser.reads("/v1/trades").await.0, StatusCode::OK);
    let (status, booked) = read(browser.proves(browser.booking("T-1"))).await;
    assert_eq!(status, StatusCode::CREATED, "{booked}");

    let end = || browser.request(Method::POST, "/v1/session:end");
    assert_eq!(read(end()).await.0, StatusCode::FORBIDDEN);
    let ended = browser.proves(end()).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::OK);
    let forget = ended.headers()["set-cookie"].to_str().unwrap();
    assert!(forget.contains("Max-Age=0"), "{forget}");
    let (status, problem) = browser.reads("/v1/trades").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem["detail"], "the session is over, sign in again");
}

#[tokio::test]
async fn cookie_is_kept_from_scripts_and_the_browser_goes_on_to_a_path_of_this_host() {
    let platform = Platform::embedded(BINARY).await;
    let browser = Browser::of(&platform);
    for (to, expected) in [
        ("", "/"),
        ("&to=%2Fv1%2Ftrades%3Flimit%3D5", "/v1/trades?limit=5"),
        ("&to=%2F%2Fevil.example", "/"),
        ("&to=https%3A%2F%2Fevil.example", "/"),
    ] {
        let answer = browser.form(&format!("name=ann{to}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], expected);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("dealerboard-session="), "{cookie}");
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn each_sign_in_has_a_session_of_its_own_and_ends_the_one_before() {
    let platform = Platform::embedded(BINARY).await;
    let mut browser = Browser::signed_in(&platform, "ann").await;
    let mut before = Browser::of(&platform);
    (before.cookie, before.csrf_token) = (browser.cookie.clone(), browser.csrf_token.clone());
    assert_eq!(before.reads("/v1/session").await.0, StatusCode::OK);
    browser.signs_in("admin").await;
    assert_ne!(browser.cookie, before.cookie);
    assert_ne!(browser.csrf_token, before.csrf_token);
    assert_eq!(
        before.reads("/v1/session").await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(browser.reads("/v1/session").await.1["actor"], "admin");
}

#[tokio::test]
async fn session_is_its_subject_wherever_policies_and_members_are_asked() {
    let platform = Platform::embedded(BINARY).await;
    let reader = Browser::signed_in(&platform, "compliance").await;
    let (status, problem) = read(reader.proves(reader.booking("T-1"))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(problem["code"], "NOT_ALLOWED", "{problem}");

    let revoke = serde_json::json!({});
    platform
        .post("demo", "/v1/members/compliance:revoke-tokens", &revoke)
        .await;
    let wait = std::time::Duration::from_secs(20);
    testkit::eventually("the revocation", wait, async || {
        let (status, _) = reader.reads("/v1/session").await;
        (status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
}
