//! F4: what a route does not know is refused, and not left out in silence.

use reqwest::StatusCode;

use crate::desk::{Caller, embedded};

/// One path of every route that is read.
const PATHS: [&str; 25] = [
    "/v1/trades",
    "/v1/trades/T-1",
    "/v1/positions",
    "/v1/positions/A1/PROP/X",
    "/v1/agents",
    "/v1/agents/ann/state",
    "/v1/conversations",
    "/v1/conversations/V-1",
    "/v1/queues",
    "/v1/queues/FX",
    "/v1/queues/FX/live",
    "/v1/decisions",
    "/v1/decisions/D-1",
    "/v1/commands/C-1",
    "/v1/floor",
    "/v1/metrics",
    "/v1/metrics/agents/ann",
    "/v1/metrics/staffing",
    "/docs/errors/BEHIND",
    "/openapi.json",
    "/explorer/",
    "/",
    "/livez",
    "/readyz",
    "/metrics",
];

#[tokio::test]
async fn unknown_parameters_are_refused_on_every_route_with_the_known_names() {
    let platform = embedded().await;
    let caller = Caller::of(&platform);
    for path in PATHS {
        for asked in ["acount=A1", "breaks=true", "as-of=1", "limit[]=1"] {
            let (status, problem) = caller.read(&format!("{path}?{asked}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}?{asked}");
            assert_eq!(problem["code"], "PARAMETER_MALFORMED", "{path}?{asked}");
        }
    }
    let (_, problem) = caller.read("/v1/positions?acount=A1").await;
    let detail = problem["detail"].as_str().unwrap();
    for known in ["acount", "account", "book", "instrument", "limit", "cursor"] {
        assert!(detail.contains(known), "{detail}");
    }
    for twice in [
        "/v1/trades?account=A&account=B",
        "/v1/trades?limit=1&limit=2",
    ] {
        let (status, _) = caller.read(twice).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{twice}");
    }
    for known in [
        "/v1/positions?account=A1&limit=5",
        "/v1/trades?state=Booked",
        "/v1/floor",
        "/v1/metrics?by=closed",
    ] {
        let answer = caller.get(known).await;
        assert_eq!(answer.status(), StatusCode::OK, "{known}");
    }
}
