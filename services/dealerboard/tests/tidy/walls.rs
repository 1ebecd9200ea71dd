//! Which of our crates may know which.

use std::collections::BTreeSet;
use std::fs;

use crate::{crates, nothing, root};

/// What a crate may depend on, tests aside; every crate has a row. Contexts know the kernel alone.
const MAY: &[(&str, &[&str])] = &[
    ("shared/kernel", &[]),
    ("shared/resilience", &["kernel"]),
    ("shared/postgres", &["kernel", "resilience"]),
    ("shared/telemetry", &[]),
    ("shared/schemas", &["kernel"]),
    ("shared/registry", &["kernel", "schemas"]),
    ("shared/http", &["kernel"]),
    ("shared/identity", &["kernel", "http", "resilience"]),
    ("shared/outside", &["kernel"]),
    ("shared/access", &["kernel"]),
    ("shared/pipeline", &["kernel", "resilience"]),
    ("shared/eventstore", &["kernel", "postgres"]),
    ("shared/log", &["kernel"]),
    ("shared/readmodel", &["kernel", "postgres"]),
    ("shared/sqlite", &["kernel"]),
    ("shared/testkit", &["kernel", "schemas", "pipeline"]),
    (
        "shared/gateway",
        &["kernel", "http", "pipeline", "resilience", "schemas"],
    ),
    (
        "shared/health",
        &["kernel", "http", "pipeline", "resilience"],
    ),
    ("services/agents", &["kernel"]),
    ("services/analytics", &["kernel"]),
    ("services/conversations", &["kernel"]),
    ("services/members", &["kernel"]),
    ("services/operations", &["kernel"]),
    ("services/positions", &["kernel"]),
    ("services/routing", &["kernel"]),
    ("services/tenants", &["kernel"]),
    ("services/trades", &["kernel"]),
    (
        "services/matching",
        &[
            "kernel",
            "http",
            "pipeline",
            "gateway",
            "agents",
            "analytics",
            "conversations",
            "routing",
        ],
    ),
    (
        "services/console",
        &[
            "kernel",
            "http",
            "pipeline",
            "resilience",
            "gateway",
            "health",
            "operations",
        ],
    ),
    (
        "services/reconciliation",
        &["kernel", "pipeline", "positions", "trades"],
    ),
    (
        "services/importer",
        &["kernel", "pipeline", "telemetry", "trades"],
    ),
    (
        "services/simulation",
        &[
            "kernel",
            "pipeline",
            "agents",
            "analytics",
            "conversations",
            "routing",
            "trades",
        ],
    ),
];
/// Sees everything: it wires.
const WIRES: &[&str] = &["services/dealerboard", "load-tests"];

#[test]
fn crates_know_only_what_the_list_allows() {
    let names = package_names();
    let mut found = Vec::new();
    for path in crates() {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if WIRES.contains(&name.as_str()) {
            continue;
        }
        let Some((_, may)) = MAY.iter().find(|(of, _)| *of == name) else {
            found.push(format!("{name} has no row"));
            continue;
        };
        for own in own_dependencies(
            &fs::read_to_string(path.join("Cargo.toml")).unwrap(),
            &names,
        ) {
            if !may.contains(&own.as_str()) {
                found.push(format!("{name} knows {own}"));
            }
        }
    }
    nothing(&found);
}

/// Names of our crates as manifests of the workspace call them.
fn package_names() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"));
    let manifest = manifest.expect("the checkout can be read");
    let ours = manifest.lines().filter(|line| line.contains("path = \""));
    let names = ours.filter_map(|line| line.split(" =").next());
    names.map(str::to_owned).collect()
}

fn own_dependencies(manifest: &str, names: &BTreeSet<String>) -> Vec<String> {
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let lines = dependencies
        .lines()
        .take_while(|line| !line.starts_with('['));
    let named = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    named
        .filter(|name| names.contains(*name))
        .map(str::to_owned)
        .collect()
}
