//! Bytes that are others than were written: on the broker's disk, and in the embedded file.

use std::fs;
use std::path::Path;

use reqwest::StatusCode;
use rusqlite::Connection;
use testkit::eventually;
use testkit::platform::Platform;
use testkit::servers::OwnServers;

use crate::site::{
    AGREED, BINARY, LIGHT_WAIT, accept, booking, is_ready, skip, turns, two_of_one_partition, value,
};

const RED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
/// Of every booking.
const BOOK: &[u8] = b"AGENCY";

#[tokio::test(flavor = "multi_thread")]
async fn command_that_is_damaged_on_the_broker_bars_its_partition_until_it_is_skipped() {
    let own = OwnServers::start(&["kafka", "postgres", "redis"]);
    let platform = Platform::production_on(own.servers(), BINARY, "gateway,projector", "").await;
    is_ready(&platform).await;
    let ([first, second], partition) = two_of_one_partition();
    // Each in a batch of its own.
    for trade in [&first, &second] {
        accept(&platform, trade).await;
    }
    let topic = format!("{}trades-commands-{partition}", platform.prefix());
    own.run_beside(&["stop", "kafka"]).await;
    let segment = own.folder().join("kafka/data").join(topic);
    flip_a_byte_of_the_first(&segment.join("00000000000000000000.log"));
    own.run_beside(&["start", "kafka"]).await;

    let (_process, url) = platform.role("processor,reactor").await;
    let partition_id = format!("trades/{partition}");
    let words = [
        &*partition_id,
        "offset 0 cannot be read",
        "dealerboard skip",
    ];
    turns(&url, "/readyz", RED, &words).await;
    assert!(skip(&platform, &partition_id, &[]).contains("offsets 0 to 0 would be lost"));
    let done = skip(&platform, &partition_id, AGREED);
    assert!(done.ends_with("skipped\n"), "{done}");
    turns(&url, "/readyz", StatusCode::OK, &[]).await;
    let path = format!("/v1/trades/{second}");
    assert_eq!(value(&platform, &path).await["quantity"], "100");
    let lost = platform.get("demo", &format!("/v1/trades/{first}")).await;
    assert_eq!(lost.status(), StatusCode::NOT_FOUND);
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_that_is_damaged_in_the_file_turns_the_light_red_and_the_rest_is_served() {
    let mut platform = Platform::embedded(BINARY).await;
    is_ready(&platform).await;
    platform.post("demo", "/v1/trades", &booking("T-1")).await;
    platform.kill();
    let file = Connection::open(platform.folder().join("var/dealerboard.db")).unwrap();
    let damaged = file.execute("UPDATE command SET value = x'7b7d'", []);
    assert_eq!(damaged.unwrap(), 1);
    drop(file);
    platform.crash().await;
    let words = ["file does not hold", "command", "trades/"];
    turns(platform.url(), "/readyz", RED, &words).await;
    eventually("the trade", LIGHT_WAIT, async || {
        let answer = platform.get("demo", "/v1/trades/T-1").await;
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
}

/// In the first command's body, of which this is in the file as it was sent.
fn flip_a_byte_of_the_first(segment: &Path) {
    let mut bytes = fs::read(segment).unwrap();
    let mut places = bytes.windows(BOOK.len());
    let place = places.position(|window| window == BOOK);
    bytes[place.unwrap()] ^= 1;
    fs::write(segment, bytes).unwrap();
}
