//! The age of answers while the projector of the views is away.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use testkit::eventually;
use testkit::process::Signal;

use crate::desk::{Caller, age, degraded, embedded_as, production_as};

/// Longest time until a projector that was away has read what came meanwhile.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(60);

/// E5: a projector is paused, and the same version is served for seconds.
#[tokio::test]
async fn answers_are_as_old_as_their_projector_is_away() {
    let platform = production_as("gateway,processor,reactor,router").await;
    let (projector, _) = platform.role("projector").await;
    let caller = Caller::of(&platform);
    caller.book("T-1").await.expect("booked");
    caller.views_are_read().await;
    let version = async || {
        let (status, value) = caller.read("/v1/trades/T-1").await;
        (status == StatusCode::OK).then(|| value["version"].as_u64().expect("a version"))
    };
    eventually("the booking", CATCHES_UP_WITHIN, async || {
        (version().await == Some(1)).then_some(())
    })
    .await;
    projector.signal(Signal::Stop);
    let away = Instant::now();
    for fill in 0..4 {
        let exec = format!("E-{fill}");
        caller.fill("T-1", &exec).await.expect("filled");
    }
    let filled = Instant::now();
    while away.elapsed() < Duration::from_secs(9) {
        let answer = caller.get("/v1/trades/T-1").await;
        let (seconds, mark) = (age(&answer).expect("an age"), degraded(&answer).to_owned());
        let value: serde_json::Value = answer.json().await.unwrap();
        if value["version"] != 5 {
            let least = filled.elapsed().as_secs();
            assert!(seconds >= least, "{seconds} of at least {least} seconds");
            assert_eq!(
                mark.contains("views-behind"),
                seconds > 2,
                "{seconds} {mark}"
            );
        }
        let page = caller.get("/v1/trades").await;
        let seconds = age(&page);
        let page: serde_json::Value = page.json().await.unwrap();
        let is_current = page["items"][0]["version"] == 5;
        let is_young = seconds.is_some_and(|seconds| seconds <= 2);
        assert_eq!(page["whole"], is_young, "{seconds:?}");
        if !is_current {
            assert!(seconds >= Some(filled.elapsed().as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    projector.signal(Signal::Continue);
    eventually("the fills", CATCHES_UP_WITHIN, async || {
        let answer = caller.get("/v1/trades/T-1").await;
        let is_young = age(&answer) <= Some(2) && degraded(&answer).is_empty();
        let value: serde_json::Value = answer.json().await.ok()?;
        (is_young && value["version"] == 5).then_some(())
    })
    .await;
    drop(projector);
    platform.discard().await;
}

/// No projector runs at all.
#[tokio::test]
async fn value_without_a_projector_is_folded_and_no_list_is_called_whole() {
    let mut platform = embedded_as("gateway,processor").await;
    let mut caller = Caller::of(&platform);
    caller.book("T-1").await.expect("booked");
    caller.fill("T-1", "E-1").await.expect("filled");
    // From now on it begins with something that no view has ever seen.
    platform.crash().await;
    caller.follow(&platform);
    let (status, trade) = caller.read("/v1/trades/T-1").await;
    assert_eq!((status, &trade["version"]), (StatusCode::OK, &2.into()));
    let list = caller.get("/v1/trades").await;
    assert!(degraded(&list).contains("views-behind"));
    assert_eq!(age(&list), None);
    let list: serde_json::Value = list.json().await.unwrap();
    assert_eq!((&list["whole"], &list["next"]), (&false.into(), &().into()));
    let (status, ready) = caller.read("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let detail = ready["detail"].as_str().unwrap();
    assert!(detail.contains("still being read: "), "{detail}");
    assert!(detail.contains("trade"), "{detail}");
}
