use std::error::Error;
use std::io;

use serde_json::{Value, json};
use tracing_subscriber::fmt;

use super::Json;
use crate::written::Written;

#[derive(Debug, thiserror::Error)]
#[error("read checkpoint 3")]
struct Read(#[source] io::Error);

fn logged(tell: impl FnOnce()) -> Value {
    let written = Written::default();
    let lines = fmt().event_format(Json).with_writer(written.clone());
    tracing::subscriber::with_default(lines.finish(), tell);
    let mut lines = written.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let mut line = lines.remove(0);
    assert!(line.as_object_mut().unwrap().remove("timestamp").is_some());
    line
}

#[test]
fn error_is_logged_with_all_its_causes() {
    let error = Read(io::Error::other("pool timed out"));
    let line = logged(|| {
        tracing::warn!(
            partition = 3,
            live = true,
            error = &error as &dyn Error,
            "projection pauses"
        );
    });
    let wanted = json!({
        "level": "WARN", "message": "projection pauses", "partition": 3, "live": true,
        "error": "read checkpoint 3: pool timed out", "target": "telemetry::lines::tests",
    });
    assert_eq!(line, wanted);
}

#[test]
fn line_with_quotes_and_line_feeds_stays_one_line() {
    let line = logged(|| tracing::info!(key = "a\"b\nc", "it's here"));
    assert_eq!(line["key"], "a\"b\nc");
    assert_eq!(line["message"], "it's here");
}

#[derive(Debug, thiserror::Error)]
#[error("ask the server: {0}")]
struct Asked(#[source] io::Error);

#[test]
fn cause_that_an_error_prints_itself_is_logged_once() {
    let error = Asked(io::Error::other("connection refused"));
    let line = logged(|| tracing::warn!(error = &error as &dyn Error, "server is away"));
    assert_eq!(line["error"], "ask the server: connection refused");
}
