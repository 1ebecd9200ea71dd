//! Streams get what they ask for, all of it, in order, and nothing of another tenant.

mod desk;
mod interleaving;

use std::sync::Arc;
use std::time::Duration;

use desk::{Desk, settings};
use serde_json::json;

use super::member::Wish;
use super::{LiveSettings, NotOpened};

fn change(trade: &str, version: u64) -> (String, u64) {
    (trade.to_owned(), version)
}

#[tokio::test]
async fn changes_come_in_order_with_the_bytes_of_the_view() {
    let mut desk = Desk::new(settings());
    let mut reader = desk.open("demo", None);
    assert_eq!(reader.next().unwrap().event, "hello");
    (0..3).for_each(|_| desk.tell("demo", 1, "A"));
    let frames = reader.all();
    let versions: Vec<_> = frames.iter().map(|frame| frame.change().1).collect();
    assert_eq!(versions, [1, 2, 3]);
    let history = desk.history.lock().unwrap();
    let last: serde_json::Value = serde_json::from_slice(&history[1][2].body).unwrap();
    assert_eq!(frames[2].data, last);
}

#[tokio::test]
async fn other_tenant_sees_nothing() {
    let mut desk = Desk::new(settings());
    let mut readers = ["demo", "dem", "demo2"].map(|tenant| desk.open(tenant, None));
    readers.iter_mut().for_each(|reader| drop(reader.all()));
    desk.tell("demo", 1, "A");
    assert_eq!(readers[0].changes(), [change("T-1", 1)]);
    assert_eq!(readers[1].changes(), []);
    assert_eq!(readers[2].changes(), []);
    // Nor does it with the id of the first.
    let id = readers[0].last_id.clone();
    desk.tell("demo", 1, "A");
    let mut other = desk.resume("demo2", None, id.as_deref()).unwrap();
    assert_eq!(other.changes(), []);
}

#[tokio::test]
async fn narrowed_stream_sees_what_fits_and_what_no_longer_does() {
    let mut desk = Desk::new(settings());
    let mut reader = desk.open("demo", Some("A"));
    reader.all();
    desk.tell("demo", 1, "A");
    desk.tell("demo", 2, "B");
    desk.tell("demo", 1, "B");
    desk.tell("demo", 1, "B");
    desk.tell("demo", 2, "A");
    let seen = reader.changes();
    assert_eq!(seen, [change("T-1", 1), change("T-1", 2), change("T-2", 2)]);
}

#[tokio::test]
async fn what_the_reader_may_not_see_is_not_told() {
    let mut desk = Desk::new(settings());
    let sees = |_: &str, body: &[u8]| !String::from_utf8_lossy(body).contains("SECRET");
    let wish = Wish {
        sees: Some(Arc::new(sees)),
        ..Wish::default()
    };
    let mut reader = desk.open_with("demo", wish, None).unwrap();
    reader.all();
    desk.tell("demo", 1, "A");
    desk.tell("demo", 1, "SECRET");
    desk.tell("demo", 2, "A");
    assert_eq!(reader.changes(), [change("T-1", 1), change("T-2", 1)]);
}

#[tokio::test]
async fn slow_reader_is_ended_by_bytes_and_resumes_behind_what_it_has() {
    let bounds = LiveSettings {
        waiting_bytes_max: 4 << 10,
        ..settings()
    };
    let mut desk = Desk::new(bounds);
    let (mut slow, mut quick) = (desk.open("demo", None), desk.open("demo", None));
    slow.all();
    quick.all();
    desk.tell("demo", 1, "A");
    assert_eq!(slow.changes(), [change("T-1", 1)]);
    for _ in 0..20 {
        desk.tell("demo", 1, "A");
        quick.all();
    }
    let frames = slow.all();
    let ends: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(ends, ["end"]);
    assert_eq!(frames[0].data, json!({"reason": "slow"}));
    let id = slow.last_id.clone();
    let mut again = desk.resume("demo", None, id.as_deref()).unwrap();
    let missed: Vec<_> = (2..22).map(|version| change("T-1", version)).collect();
    assert_eq!(again.changes(), missed);
}

#[tokio::test]
async fn stream_resumes_from_memory_with_every_change() {
    let mut desk = Desk::new(settings());
    let mut reader = desk.open("demo", Some("A"));
    desk.tell("demo", 1, "A");
    reader.all();
    let id = reader.last_id.clone();
    drop(reader);
    desk.tell("demo", 1, "A");
    desk.tell("demo", 1, "B");
    desk.tell("demo", 2, "B");
    let mut again = desk.resume("demo", Some("A"), id.as_deref()).unwrap();
    assert_eq!(again.next().unwrap().data, json!({"resumed": true}));
    assert_eq!(again.changes(), [change("T-1", 2), change("T-1", 3)]);
    desk.tell("demo", 3, "A");
    assert_eq!(again.changes(), [change("T-3", 1)]);
}

/// Memory for three changes or so in each partition.
fn forgetful() -> LiveSettings {
    LiveSettings {
        recent_bytes_max: 6 << 10,
        resume_events_max: 20,
        ..settings()
    }
}

#[tokio::test]
async fn stream_resumes_from_the_store_with_the_last_change_of_each_key() {
    let mut desk = Desk::new(forgetful());
    let mut reader = desk.open("demo", None);
    desk.tell("demo", 1, "A");
    reader.all();
    let id = reader.last_id.clone();
    drop(reader);
    (0..9).for_each(|_| desk.tell("demo", 1, "A"));
    let mut again = desk.resume("demo", None, id.as_deref()).unwrap();
    let seen = again.changes();
    assert_eq!(seen.last(), Some(&change("T-1", 10)));
    assert!(seen.len() < 9, "{seen:?}");
    assert!(seen.is_sorted_by_key(|(_, version)| *version));
}

#[tokio::test]
async fn stream_that_missed_too_much_is_reset_and_goes_on() {
    let mut desk = Desk::new(forgetful());
    let mut reader = desk.open("demo", None);
    reader.all();
    let id = reader.last_id.clone();
    (0..40).for_each(|_| desk.tell("demo", 1, "A"));
    let mut again = desk.resume("demo", None, id.as_deref()).unwrap();
    let frames = again.all();
    assert_eq!(frames.last().unwrap().event, "reset");
    desk.tell("demo", 1, "A");
    assert_eq!(again.changes(), [change("T-1", 41)]);
}

#[tokio::test]
async fn id_of_something_else_is_reset() {
    let mut desk = Desk::new(settings());
    desk.tell("demo", 1, "A");
    for id in ["", "nonsense", "AQAAAAAAAAAAAQAA", "AQAAAAAAAAABAQAAAA"] {
        let mut reader = desk.resume("demo", None, Some(id)).unwrap();
        assert_eq!(reader.next().unwrap().event, "reset", "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn id_from_a_log_that_is_gone_is_reset_after_a_while() {
    let (mut before, desk) = (Desk::new(settings()), Desk::new(settings()));
    let mut reader = before.open("demo", None);
    before.tell("demo", 1, "A");
    reader.all();
    let mut again = desk
        .resume("demo", None, reader.last_id.as_deref())
        .unwrap();
    assert_eq!(again.next().unwrap().event, "hello");
    let frame = tokio::time::timeout(Duration::from_secs(5), again.stream.next()).await;
    assert!(frame.unwrap().unwrap().starts_with(b"event: reset"));
}

#[tokio::test(start_paused = true)]
async fn quiet_stream_beats_with_the_id_of_now() {
    let mut desk = Desk::new(settings());
    let mut reader = desk.open("demo", Some("A"));
    reader.all();
    let before = reader.last_id.clone();
    desk.tell("demo", 1, "B");
    assert_eq!(reader.next(), None);
    tokio::time::advance(Duration::from_secs(15)).await;
    let beat = reader.next().unwrap();
    assert_eq!(beat.event, "");
    assert_ne!(reader.last_id, before);
    assert_eq!(reader.next(), None);
}

#[tokio::test(start_paused = true)]
async fn stream_ends_with_its_token_and_with_the_server() {
    let desk = Desk::new(settings());
    let (mut expires, mut stops) = (desk.open("demo", None), desk.open("demo", None));
    expires.all();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert_eq!(expires.next().unwrap().data, json!({"reason": "token"}));
    assert_eq!(expires.stream.next().await, None);
    desk.stop.cancel();
    assert_eq!(stops.next().unwrap().data, json!({"reason": "stop"}));
    assert_eq!(stops.stream.next().await, None);
}

#[tokio::test]
async fn streams_have_a_bound_and_give_their_place_back() {
    let bounds = LiveSettings {
        streams_max: 3,
        tenant_streams_max: 2,
        ..settings()
    };
    let desk = Desk::new(bounds);
    let open = |tenant| desk.resume(tenant, None, None);
    let first = open("demo").unwrap();
    let _second = open("demo").unwrap();
    let refused = open("demo").err();
    assert!(matches!(refused, Some(NotOpened::TenantCrowded { .. })));
    let _other = open("other").unwrap();
    let refused = open("third").err();
    assert!(matches!(refused, Some(NotOpened::Crowded { .. })));
    drop(first);
    assert!(open("demo").is_ok());
}

#[tokio::test]
async fn stream_that_is_told_is_small() {
    let desk = Desk::new(settings());
    let mut reader = desk.open("demo", Some("A"));
    reader.all();
    let next = reader.stream.next();
    let future = std::mem::size_of_val(&next);
    drop(next);
    let stream = std::mem::size_of::<super::LiveStream>();
    let member = std::mem::size_of::<super::member::Member>();
    assert!(
        future + stream + member < 2_048,
        "{future} {stream} {member}"
    );
}
