use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kernel::record::decode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{AgentEvent, ConversationEvent, Metrics, QueueEvent};

/// The golden events of a context, by name; of one name there may be several.
fn golden(context: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = fs::read_dir(root.join(format!("schemas/{context}/events/golden"))).unwrap();
    let golden = files.map(|file| {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let name = file.file_name().into_string().unwrap();
        let name = name.split('.').next().unwrap().to_owned();
        (name, serde_json::from_str(&text).unwrap())
    });
    golden.collect()
}

#[track_caller]
fn reads_what_is_published<E: DeserializeOwned>(context: &str, names: &[&str]) {
    let mut unread: BTreeSet<_> = names.iter().copied().collect();
    for (name, data) in golden(context) {
        if !Metrics::wants(context, &name) {
            continue;
        }
        unread.remove(name.as_str());
        let event = serde_json::from_value::<E>(json!({ "type": name, "data": data }));
        assert_eq!(event.err().map(|error| error.to_string()), None, "{name}");
    }
    assert!(unread.is_empty(), "{unread:?} are not published");
}

#[test]
fn events_are_those_that_are_published() {
    reads_what_is_published::<ConversationEvent>("conversations", ConversationEvent::NAMES);
    reads_what_is_published::<AgentEvent>("agents", AgentEvent::NAMES);
    reads_what_is_published::<QueueEvent>("queues", &["QueueConfigured"]);
}

/// Records have more members than are read here.
#[test]
fn events_are_read_from_records() {
    let record = |kind: &str, data: &str| {
        let nil = "00000000-0000-0000-0000-000000000000";
        format!(
            r#"{{"id":"{nil}","command":"{nil}","tenant":"demo","aggregate":"X-1","sequence":1,
            "at":"2026-03-02T00:00:00Z","actor":"desk","v":1,"type":"{kind}","data":{data}}}"#
        )
    };
    let queued = r#"{"at":"2026-03-02T00:00:00Z","cause":"of_a_later_version","queue":"fx",
        "enqueued_at":"2026-03-02T00:00:00Z","seq":1,"hops":0}"#;
    let read = decode::<ConversationEvent>(1, record("Queued", queued).as_bytes());
    assert!(
        matches!(read, Ok((_, ConversationEvent::Queued(_)))),
        "{read:?}"
    );
    let read = decode::<AgentEvent>(1, record("RoutingResumed", "{}").as_bytes());
    assert!(
        matches!(read, Ok((_, AgentEvent::RoutingResumed(_)))),
        "{read:?}"
    );
}
