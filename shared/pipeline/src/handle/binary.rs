//! The binary form of a record: the value is the bare command, and headers hold the rest.

use std::borrow::Cow;

use kernel::batch::DeadReason;
use kernel::port::Record;

use super::decode::Refused;

const COMMAND_ID: &str = "command-id";
const COMMAND_TYPE: &str = "command-type";
const CLOUD_EVENT_ID: &str = "ce_id";
const CLOUD_EVENT_TYPE: &str = "ce_type";
const CORRELATION_ID: &str = "correlation-id";
const CAUSATION_ID: &str = "causation-id";
const EXPECTED_VERSION: &str = "expected-version";
const TENANT: &str = "tenant";

/// The binary form, joined from its headers into the structured one; the latter as it is.
///
/// # Errors
/// A header that is meant for us is no text, or the id is missing.
pub(crate) fn structured<'a>(record: &Record, json: &'a [u8]) -> Result<Cow<'a, [u8]>, Refused> {
    let kind = first_text(record, [COMMAND_TYPE, CLOUD_EVENT_TYPE])?;
    let Some(kind) = kind else {
        return Ok(Cow::Borrowed(json));
    };
    let id = first_text(record, [COMMAND_ID, CLOUD_EVENT_ID])?
        .ok_or_else(|| Refused::undecodable("header command-id is missing"))?;
    let mut out = Vec::with_capacity(json.len() + 160);
    let text = |out: &mut Vec<u8>, name: &str, value: &str| {
        out.extend_from_slice(if out.is_empty() { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(serde_json::Value::from(value).to_string().as_bytes());
    };
    text(&mut out, "id", id);
    text(&mut out, "type", kind);
    for (name, from) in [("correlation", CORRELATION_ID), ("causation", CAUSATION_ID)] {
        if let Some(value) = header_text(record, from)? {
            text(&mut out, name, value);
        }
    }
    if let Some(version) = expected_version(record)? {
        out.extend_from_slice(format!(",\"expected_version\":{version}").as_bytes());
    }
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(json);
    out.push(b'}');
    Ok(Cow::Owned(out))
}

/// The tenant that the record claims beside its key.
pub(super) fn tenant(record: &Record) -> Result<Option<&str>, Refused> {
    header_text(record, TENANT)
}

/// A number, and nothing that could reach into the JSON around it.
fn expected_version(record: &Record) -> Result<Option<u64>, Refused> {
    let Some(text) = header_text(record, EXPECTED_VERSION)? else {
        return Ok(None);
    };
    let version = text.parse();
    let version = version.map_err(|_| Refused::undecodable("header expected-version is no number"));
    version.map(Some)
}

fn first_text<'r>(record: &'r Record, names: [&str; 2]) -> Result<Option<&'r str>, Refused> {
    for name in names {
        if let Some(text) = header_text(record, name)? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn header_text<'r>(record: &'r Record, name: &str) -> Result<Option<&'r str>, Refused> {
    let Some(value) = record.header(name) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value).map_err(|_| {
        Refused::new(
            DeadReason::Undecodable,
            format!("header {name} is not text"),
        )
    });
    text.map(Some)
}
