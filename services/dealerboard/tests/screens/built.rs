//! What is committed in `web/dist`, and how it is served.

use reqwest::{Client, Response, StatusCode};
use testkit::platform::Platform;

use crate::web;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

#[tokio::test]
async fn committed_screens_are_those_that_web_builds() {
    web(&["check"]).await;
}

#[tokio::test]
async fn page_is_asked_for_each_time_and_what_it_loads_once() {
    let platform = Platform::embedded(BINARY).await;
    let page = ask(&platform, "/", "identity").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!policy.contains("http"), "another origin: {policy}");
    assert!(
        policy.contains("require-trusted-types-for 'script'"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    for opening in ["src=\"", "rel=\"stylesheet\" crossorigin href=\""] {
        let (_, place) = html.split_once(opening).unwrap();
        let place = place.split_once('"').unwrap().0;
        let asset = ask(&platform, place, "gzip, br").await;
        assert_eq!(asset.status(), StatusCode::OK, "{place}");
        let kept = asset.headers()["cache-control"].to_str().unwrap();
        assert!(kept.contains("immutable"), "{kept}");
        assert_eq!(asset.headers()["content-encoding"], "gzip");
    }
    let missing = ask(&platform, "/assets/nothing.js", "gzip").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

async fn ask(platform: &Platform, path: &str, coding: &str) -> Response {
    let request = Client::new().get(format!("{}{path}", platform.url()));
    let request = request.header("accept-encoding", coding);
    request.send().await.unwrap()
}
