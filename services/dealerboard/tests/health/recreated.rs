//! A command topic that was deleted and recreated.

use std::time::Duration;

use reqwest::StatusCode;
use testkit::eventually;
use testkit::platform::Platform;

use crate::site::{
    AGREED, BINARY, LIGHT_WAIT, Operator, booking, is_ready, skip, turns, two_of_one_partition,
};

#[tokio::test(flavor = "multi_thread")]
async fn recreated_command_topic_bars_its_partition_and_old_letters_do_not_conflict() {
    let mut platform = Platform::production_as(BINARY, "all").await;
    is_ready(&platform).await;
    let operator = Operator::of(&platform);
    let ([first, second], partition) = two_of_one_partition();
    let partition_id = format!("trades/{partition}");
    platform.post("demo", "/v1/trades", &booking(&first)).await;
    operator.send_tombstone("trades", &first).await;
    parked(&platform, &[&format!("{partition_id}/1")]).await;
    platform.kill();
    operator.delete_topic("trades-commands").await;
    eventually("the topic to be there again", LIGHT_WAIT, async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let migrated = platform.command().arg("migrate").output().unwrap();
        migrated.status.success().then_some(())
    })
    .await;
    platform.crash().await;
    let words = [&*partition_id, "begins at 0", "dealerboard skip"];
    let red = StatusCode::SERVICE_UNAVAILABLE;
    turns(platform.url(), "/readyz", red, &words).await;
    let done = skip(&platform, &partition_id, AGREED);
    assert!(done.contains("it would continue at offset 0"), "{done}");
    turns(platform.url(), "/readyz", StatusCode::OK, &[]).await;
    platform.post("demo", "/v1/trades", &booking(&second)).await;
    operator.send_tombstone("trades", &first).await;
    let places = [format!("{partition_id}/-2"), format!("{partition_id}/1")];
    parked(&platform, &places.each_ref().map(String::as_str)).await;
    let mut show = platform.command();
    let shown = show.args(["dead-letters", "show", &format!("{partition_id}/-1")]);
    let shown = String::from_utf8(shown.output().unwrap().stdout).unwrap();
    assert!(shown.contains("ann") && shown.contains("ben"), "{shown}");
    let verified = platform.command().args(["verify", "--live"]).output();
    let verified = verified.unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let noted = String::from_utf8_lossy(&verified.stdout).contains("is gone");
    assert!(noted, "{verified:?}");
    platform.discard().await;
}

/// Waits until these are the letters, and no others.
async fn parked(platform: &Platform, places: &[&str]) {
    eventually(&format!("{places:?}"), LIGHT_WAIT, async || {
        let mut list = platform.command();
        let listed = list.args(["dead-letters", "list"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let letters = listed.lines().filter(|line| line.contains("undecodable"));
        let lines: Vec<_> = letters.collect();
        let mut both = lines.iter().zip(places);
        let same = both.all(|(line, place)| line.contains(place));
        (same && lines.len() == places.len()).then_some(())
    })
    .await;
}
