//! What other sites, other machines and other installations do not get.

use reqwest::{Method, StatusCode};
use testkit::platform::Platform;

use crate::browser::{BINARY, Browser, read};

#[tokio::test]
async fn change_that_no_page_of_the_platform_made_is_refused() {
    let platform = Platform::embedded(BINARY).await;
    let browser = Browser::signed_in(&platform, "trader").await;
    let other = Browser::signed_in(&platform, "trader").await;
    let cross_site = browser.proves(browser.booking("T-1"));
    for forged in [
        browser.booking("T-1"),
        browser.booking("T-1").header("x-csrf-token", "guessed"),
        other.proves(browser.booking("T-1")),
        cross_site.header("sec-fetch-site", "cross-site"),
    ] {
        let (status, problem) = read(forged).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert_eq!(problem["code"], "CSRF_TOKEN_INVALID", "{problem}");
    }
    assert_eq!(
        browser.reads("/v1/trades/T-1").await.0,
        StatusCode::NOT_FOUND
    );
    let (status, _) = browser.reads("/docs/errors/CSRF_TOKEN_INVALID").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn token_is_never_affected_by_a_cookie() {
    let platform = Platform::embedded(BINARY).await;
    let browser = Browser::signed_in(&platform, "compliance").await;
    let token = platform.token("demo");
    let (status, booked) = read(browser.booking("T-1").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::CREATED, "{booked}");
    let request = browser.request(Method::GET, "/v1/session");
    let (_, session) = read(request.bearer_auth(&token)).await;
    assert_eq!(session.get("csrf_token"), None, "{session}");
    let invalid = browser
        .request(Method::GET, "/v1/session")
        .bearer_auth("x.y.z");
    assert_eq!(read(invalid).await.0, StatusCode::UNAUTHORIZED);
    let end = browser.request(Method::POST, "/v1/session:end");
    assert_eq!(read(end.bearer_auth(&token)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn cookie_that_was_made_up_opens_nothing() {
    let platform = Platform::embedded(BINARY).await;
    let mut browser = Browser::of(&platform);
    for value in ["", "x", &"a".repeat(43)] {
        browser.cookie = Some(format!("dealerboard-session={value}"));
        let (status, problem) = browser.reads("/v1/session").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{problem}");
        assert_eq!(problem["code"], "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn demo_people_are_for_this_machine_and_its_own_page() {
    let platform = Platform::embedded(BINARY).await;
    let browser = Browser::of(&platform);
    let form = || browser.form("name=admin");
    for (request, expected) in [
        (
            form().header("sec-fetch-site", "cross-site"),
            StatusCode::FORBIDDEN,
        ),
        (
            form().header("sec-fetch-site", "same-site"),
            StatusCode::FORBIDDEN,
        ),
        (
            form().header("x-forwarded-for", "10.0.0.1"),
            StatusCode::NOT_FOUND,
        ),
        (form().header("host", "evil.example"), StatusCode::NOT_FOUND),
        (browser.form("name=nobody"), StatusCode::NOT_FOUND),
        (
            browser.form("name=admin&role=admin"),
            StatusCode::BAD_REQUEST,
        ),
        (browser.form("to=%2F"), StatusCode::BAD_REQUEST),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected);
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    let foreign = browser.request(Method::POST, "/signin/local");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded");
    let foreign = foreign
        .header("origin", "https://evil.example")
        .body("name=admin");
    let (status, problem) = read(foreign).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    assert_eq!(problem["code"], "CSRF_TOKEN_INVALID");
    assert_eq!(
        browser.reads("/signin?too=/").await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn demo_people_are_not_offered_behind_a_proxy_nor_without_the_local_key() {
    let behind_a_proxy = "[session]\npublic_url = \"https://desk.example\"\n";
    let without = "[auth]\nlocal = false\n[[auth.issuers]]\nissuer = \"https://id.example\"\n\
                   tenant = { fixed = \"demo\" }\nroles = [\"roles\"]\njwks = \"http://127.0.0.1:9/\"\n";
    for config in [behind_a_proxy, without] {
        let platform = Platform::embedded_with(BINARY, config).await;
        let browser = Browser::of(&platform);
        assert_eq!(browser.reads("/signin").await.0, StatusCode::NOT_FOUND);
        let refused = read(browser.form("name=admin")).await;
        assert_eq!(refused.0, StatusCode::NOT_FOUND);
    }
}
