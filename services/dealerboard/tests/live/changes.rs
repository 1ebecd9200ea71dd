//! Changes come once, in order, with the bytes that a `GET` answers, and only to their tenant.

use std::process::Command;

use testkit::platform::Platform;

use crate::reader::{BINARY, Stream, book, fill};

/// Both views, one account.
const OF_A: &str = "?view=trades&view=positions&account=A";

async fn changes_come_as_a_get_answers_them(platform: &Platform) {
    let mut mine = Stream::open(platform, "demo", OF_A).await;
    let mut other = Stream::open(platform, "other", "?view=trades&view=positions").await;
    assert_eq!(mine.next().await.data, r#"{"resumed":false}"#);
    assert_eq!(other.next().await.event, "hello");
    book(platform, "demo", "T-1", "A").await;
    book(platform, "demo", "T-2", "B").await;
    fill(platform, "demo", "T-1", "E-1").await;
    // Views come in any order, the versions of a value in their own.
    let (mut trades, mut positions) = (0, 0);
    while trades < 2 || positions < 2 {
        let frame = mine.next().await;
        let (told, path) = match frame.event.as_str() {
            "trades" => (&mut trades, "/v1/trades/T-1"),
            "positions" => (&mut positions, "/v1/positions/A/PROP/X"),
            other => panic!("{other}: {}", frame.data),
        };
        *told += 1;
        assert_eq!(frame.json()["version"], *told, "{path}");
        if *told == 2 {
            let answer = platform.get("demo", path).await;
            assert_eq!(frame.data, answer.text().await.unwrap());
        }
    }
    mine.is_quiet().await;
    other.is_quiet().await;
}

/// The stream is cut, things change, the platform is killed, and things change again.
async fn cut_stream_resumes_without_a_loss(platform: &mut Platform) {
    let query = "?view=trades&account=C";
    let mut stream = Stream::open(platform, "demo", query).await;
    book(platform, "demo", "T-3", "C").await;
    assert_eq!(stream.next_of("trades").await.json()["version"], 1);
    let last_id = stream.last_id.clone();
    drop(stream);
    fill(platform, "demo", "T-3", "E-3").await;
    let mut again = Stream::resume(platform, "demo", query, &last_id).await;
    assert_eq!(again.next().await.data, r#"{"resumed":true}"#);
    assert_eq!(again.next_of("trades").await.json()["version"], 2);
    drop(again);
    platform.crash().await;
    fill(platform, "demo", "T-3", "E-4").await;
    let mut last = Stream::resume(platform, "demo", query, &last_id).await;
    assert_eq!(last.next().await.data, r#"{"resumed":true}"#);
    loop {
        let frame = last.next_of("trades").await;
        if frame.json()["version"] == 3 {
            break;
        }
    }
    // Of other views it is no id.
    let mut reset = Stream::resume(platform, "demo", "?view=agents", &last_id).await;
    assert_eq!(reset.next().await.event, "reset");
}

#[tokio::test]
async fn changes_come_as_a_get_answers_them_embedded() {
    let mut platform = Platform::embedded(BINARY).await;
    changes_come_as_a_get_answers_them(&platform).await;
    cut_stream_resumes_without_a_loss(&mut platform).await;
}

#[tokio::test]
async fn changes_come_as_a_get_answers_them_on_kafka() {
    let mut platform = Platform::production(BINARY).await;
    changes_come_as_a_get_answers_them(&platform).await;
    cut_stream_resumes_without_a_loss(&mut platform).await;
    platform.discard().await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let platform = Platform::embedded(BINARY).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = Stream::open(&platform, "demo", "?view=trades&view=agents").await;
        assert_eq!(stream.next().await.event, "hello");
        streams.push(stream);
    }
    let pid = platform.id().to_string();
    let mut kill = Command::new("kill");
    kill.args(["-TERM", &pid]).status().unwrap();
    for mut stream in streams {
        assert_eq!(stream.next().await.data, r#"{"reason":"stop"}"#);
        stream.has_ended().await;
    }
}
