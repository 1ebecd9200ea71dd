//! What is on the topics, read with common tools.

use kernel::frame::{frame, unframe};
use rdkafka::message::{Message, OwnedMessage};
use schema_registry_converter::async_impl::json::JsonDecoder;
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use serde_json::Value;
use testkit::eventually;

use crate::site::{BARE, FRAMED, Serving, Site, WAIT};

const TOPICS: [&str; 4] = [
    "trades-commands",
    "trades-events",
    "positions-commands",
    "positions-events",
];

const LETTERS: &str = "SELECT count(*) FROM trades.dead_letter WHERE reason = 'not_authentic'";

fn value(record: &OwnedMessage) -> &[u8] {
    record.payload().unwrap()
}

/// The title and the type of each framed record, once it fits its schema.
async fn decoded(site: &Site, records: &[OwnedMessage]) -> Vec<(String, String)> {
    let decoder = JsonDecoder::new(SrSettings::new(site.registry.clone()));
    let mut decoded = Vec::new();
    for record in records {
        let result = decoder.decode(Some(value(record))).await.unwrap().unwrap();
        decoder.validate(&result.schema, &result.value).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        decoded.push((
            text(&result.schema.schema["title"]),
            text(&result.value["type"]),
        ));
    }
    decoded
}

/// Whether a schema of that title, whatever its version, is of the type.
fn is_of(title: &str, kind: &str) -> bool {
    title.split_once(".v").map_or(title, |(name, _)| name) == kind
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(title, kind)| ((*title).to_owned(), (*kind).to_owned()));
    owned.collect()
}

#[tokio::test]
async fn topics_of_a_platform_with_a_registry_are_read_by_its_clients() {
    let site = Site::prepare().await;
    let serving = site.serve(FRAMED).await;
    serving.trade("T-1").await;

    // Of the gateway and of a reaction, each by the schema of its own type.
    let of = |topic| site.records(topic);
    let mut commands = decoded(&site, &of("trades-commands")).await;
    commands.sort();
    let expected = [
        ("BookTrade.v2Envelope", "BookTrade"),
        ("RecordFill.v2Envelope", "RecordFill"),
    ];
    assert_eq!(commands, pairs(&expected));
    let events = decoded(&site, &of("trades-events")).await;
    assert!(events.len() >= 3, "{events:?}");
    assert!(
        events.iter().all(|(title, kind)| is_of(title, kind)),
        "{events:?}"
    );
    let reactions = decoded(&site, &of("positions-commands")).await;
    assert!(!reactions.is_empty());
    for (title, kind) in &reactions {
        assert_eq!(title, &format!("{kind}Envelope"));
    }
    assert!(!decoded(&site, &of("positions-events")).await.is_empty());

    tampered_frame_is_parked(&site, &serving).await;
    serving.stop().await;
    let text = site.run(&["verify"]);
    assert!(text.contains("all invariants hold"), "{text}");
    site.discard().await;
}

/// The signature covers the frame: with another number the same bytes could mean something else.
async fn tampered_frame_is_parked(site: &Site, serving: &Serving) {
    serving.trade("T-2").await;
    let records = site.records("trades-commands");
    let of = |key: &str| {
        let mut records = records.iter();
        let first = records.find(|record| record.key() == Some(key.as_bytes()));
        first.expect("its booking")
    };
    let (one, two) = (of("demo/T-1"), of("demo/T-2"));
    let framed = unframe(value(one)).unwrap();
    site.send_again(one, value(one)).await;
    site.send_again(one, &frame(framed.id ^ 1, framed.payload))
        .await;
    site.send_again(two, unframe(value(two)).unwrap().payload)
        .await;
    eventually("two letters", WAIT, async || {
        (site.count(LETTERS).await == 2).then_some(())
    })
    .await;
    // What was not touched is a repeat.
    let all = "SELECT count(*) FROM trades.dead_letter";
    assert_eq!(site.count(all).await, 2);
}

#[tokio::test]
async fn registry_comes_and_goes_and_everything_written_is_still_read() {
    let site = Site::prepare().await;
    for (trade, environment) in [("T-1", BARE), ("T-2", FRAMED), ("T-3", BARE)] {
        let serving = site.serve(environment).await;
        serving.trade(trade).await;
        serving.stop().await;
    }
    for topic in TOPICS {
        let records = site.records(topic);
        let framed = records
            .iter()
            .filter(|record| unframe(value(record)).is_some());
        let framed = framed.count();
        assert!(
            0 < framed && framed < records.len(),
            "{topic}: {framed} are framed"
        );
    }
    // All views are rebuilt from the first record on, with or without a registry.
    for model in ["redis", "postgres"] {
        site.run(&["replay", "position", "--model", model]);
    }
    let text = site.run(&["verify"]);
    assert!(text.contains("all invariants hold"), "{text}");
    site.discard().await;
}
