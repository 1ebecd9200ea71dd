//! A server that is away: what needs it reports that, and the rest stays ready.

use reqwest::StatusCode;
use testkit::platform::Platform;
use testkit::servers::OwnServers;

use crate::site::{BINARY, booking, is_ready, light, turns};

const RED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test(flavor = "multi_thread")]
async fn server_that_is_away_darkens_what_needs_it_and_no_more() {
    let own = OwnServers::start(&["kafka", "postgres", "redis"]);
    let platform = Platform::production_on(own.servers(), BINARY, "all", "").await;
    is_ready(&platform).await;
    platform.post("demo", "/v1/trades", &booking("T-1")).await;
    let url = platform.url();
    for (server, dark) in [
        ("redis", &["workers"][..]),
        ("postgres", &["workers"]),
        ("kafka", &["commands", "workers"]),
    ] {
        own.run_beside(&["kill", server]).await;
        for part in dark {
            turns(url, &format!("/readyz/{part}"), RED, &[]).await;
        }
        let (status, report) = light(url, "/readyz").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{server}: {report}");
        assert_ne!(report["checks"][server], "ok", "{report}");
        assert_eq!(
            report["parts"]["reads"]["ready"], true,
            "{server}: {report}"
        );
        let read = platform.get("demo", "/v1/trades/T-1").await;
        assert_eq!(read.status(), StatusCode::OK, "{server}");
        own.run_beside(&["start", server]).await;
        for part in ["reads", "commands", "workers"] {
            turns(url, &format!("/readyz/{part}"), StatusCode::OK, &[]).await;
        }
    }
    platform.discard().await;
}
