//! Properties that come, go, and change their duty.

use serde_json::{Value, json};

use super::{Case, command, event, text};

pub(super) fn cases() -> Vec<Case> {
    let a = || json!({ "a": { "type": "string" } });
    let ab = || json!({ "a": { "type": "string" }, "b": { "type": "string" } });
    let nested = |inner: Value| command(json!({ "n": inner }), json!([]));
    vec![
        (
            "nothing",
            command(a(), json!(["a"])),
            command(a(), json!(["a"])),
            true,
            true,
        ),
        (
            "optional added",
            command(a(), json!(["a"])),
            command(ab(), json!(["a"])),
            true,
            false,
        ),
        (
            "required added",
            command(a(), json!(["a"])),
            command(ab(), json!(["a", "b"])),
            false,
            false,
        ),
        (
            "optional removed",
            command(ab(), json!(["a"])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "required removed",
            command(ab(), json!(["a", "b"])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "required made optional",
            command(a(), json!(["a"])),
            command(a(), json!([])),
            true,
            false,
        ),
        (
            "optional made required",
            command(a(), json!([])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: optional added",
            event(a(), json!(["a"])),
            event(ab(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: required added",
            event(a(), json!(["a"])),
            event(ab(), json!(["a", "b"])),
            false,
            false,
        ),
        (
            "open: optional removed",
            event(ab(), json!(["a"])),
            event(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: anything claimed",
            event(a(), json!([])),
            event(json!({ "a": text(), "b": true }), json!([])),
            false,
            false,
        ),
        (
            "closed",
            event(a(), json!([])),
            command(a(), json!([])),
            false,
            false,
        ),
        (
            "opened",
            command(a(), json!([])),
            event(a(), json!([])),
            true,
            false,
        ),
        (
            "nested optional added",
            nested(command(a(), json!([]))),
            nested(command(ab(), json!([]))),
            true,
            false,
        ),
        (
            "nested required added",
            nested(command(a(), json!([]))),
            nested(command(ab(), json!(["b"]))),
            false,
            false,
        ),
        (
            "order of properties",
            command(ab(), json!(["a", "b"])),
            command(ab(), json!(["b", "a"])),
            true,
            true,
        ),
    ]
}
