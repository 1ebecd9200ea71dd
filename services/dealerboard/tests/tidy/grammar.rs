//! The grammar of a slice: the same files, with the same contents, in every context.

use std::fs;
use std::path::PathBuf;

use crate::{nothing, root};

/// A folder per aggregate.
const AGGREGATES: &[&str] = &[
    "agents/src/agent",
    "conversations/src/conversation",
    "members/src/member",
    "operations/src/operation",
    "positions/src/position",
    "routing/src/decision",
    "routing/src/queue",
    "tenants/src/registration",
    "trades/src/trade",
];
const FILES: &[&str] = &[
    "mod.rs",
    "command.rs",
    "event.rs",
    "rejection.rs",
    "route.rs",
    "aggregate.rs",
    "view.rs",
    "tests",
];

fn folders() -> impl Iterator<Item = PathBuf> {
    AGGREGATES
        .iter()
        .map(|folder| root().join("services").join(folder))
}

#[test]
fn every_aggregate_has_the_same_files() {
    let mut found = Vec::new();
    for folder in folders() {
        let missing = FILES.iter().filter(|file| !folder.join(file).exists());
        found.extend(missing.map(|file| format!("{} has no {file}", folder.display())));
    }
    nothing(&found);
}

/// A new stage or command does not compile until it is decided.
#[test]
fn decide_has_no_arm_for_everything_else() {
    let mut found = Vec::new();
    for folder in folders() {
        let text = fs::read_to_string(folder.join("aggregate.rs")).unwrap();
        let decide = text.split("fn decide(").nth(1).unwrap_or_default();
        let body = decide.split("\n    }\n").next().unwrap_or_default();
        if body.contains("_ =>") {
            found.push(format!(
                "{}/aggregate.rs decides the rest at once",
                folder.display()
            ));
        }
    }
    nothing(&found);
}

#[test]
fn routes_stand_in_the_file_of_routes() {
    let mut found = Vec::new();
    for folder in folders() {
        for file in ["aggregate.rs", "view.rs"] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            if text.contains("\"/v1/") {
                found.push(format!("{}/{file} names a path", folder.display()));
            }
        }
    }
    nothing(&found);
}
