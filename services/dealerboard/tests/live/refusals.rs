//! What is not a stream is refused in words that help.

use reqwest::StatusCode;
use serde_json::Value;
use testkit::platform::Platform;

use crate::reader::{BINARY, ask};

#[tokio::test]
async fn unknown_views_and_filters_are_refused_by_name() {
    let platform = Platform::embedded(BINARY).await;
    for (query, says) in [
        ("", "view is missing; there are trades, positions,"),
        ("?view=trade", "there is no view `trade`; there are trades,"),
        ("?view=trades&acount=A", "`acount` is not known here"),
        (
            "?view=trades&starved=true",
            "none of the views is narrowed by starved",
        ),
        ("?view=trades&account=A&account=B", "account is given twice"),
        ("?view=trades&state=Sold", "state: "),
    ] {
        let answer = ask(&platform, "demo", query, "").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "PARAMETER_MALFORMED");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(says), "{detail}");
    }
}
