//! Which problem codes a route can answer with, by status.

use std::collections::BTreeMap;

use kernel::Code;
use kernel::code::platform;
use serde_json::{Map, Value, json};

/// Of every route that needs a token.
const ANY: &[Code] = &[
    platform::PARAMETER_MALFORMED,
    platform::TOKEN_INVALID,
    platform::CSRF_TOKEN_INVALID,
    platform::NOT_ALLOWED,
    platform::TENANT_SUSPENDED,
    platform::TENANT_UNKNOWN,
    platform::OVERLOADED,
    platform::DEFECT,
    platform::DEPENDENCY_UNAVAILABLE,
];

pub(super) const BODY: &[Code] = &[
    platform::BODY_MALFORMED,
    platform::BODY_TOO_LARGE,
    platform::MEDIA_UNSUPPORTED,
];

pub(super) const COMMAND: &[Code] = &[
    platform::NOT_FOUND,
    platform::COMMAND_ID_REUSED,
    platform::VERSION_CONFLICT,
    platform::PRECONDITION_FAILED,
];

pub(super) const READ: &[Code] = &[platform::NOT_FOUND, platform::BEHIND];

/// Of a stream of changes.
pub(super) const LIVE: &[Code] = &[platform::BEHIND];

/// The problem responses of a route with these codes beside those of every route.
pub(super) fn responses(groups: &[&[Code]], problem: &Value) -> Map<String, Value> {
    these(groups.iter().copied().chain([ANY]).flatten(), problem)
}

/// The problem responses with exactly these codes.
pub(super) fn these<'c>(
    codes: impl IntoIterator<Item = &'c Code>,
    problem: &Value,
) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let (status, _) = code.kind.status_and_retry();
        let codes = by_status.entry(status).or_default();
        if !codes.contains(&code.name) {
            codes.push(code.name);
        }
    }
    let responses = by_status.into_iter().map(|(status, mut codes)| {
        codes.sort_unstable();
        let response = json!({
            "description": codes.join(", "),
            "content": { "application/problem+json": { "schema": problem } },
        });
        (status.to_string(), response)
    });
    responses.collect()
}
