//! Every metric says what it counts.

use std::fs;

use super::{nothing, root, sources};

/// How the names of all metrics begin.
const PREFIX: &str = "\"dealerboard_";
const DESCRIBE: [&str; 3] = [
    "describe_counter!(",
    "describe_gauge!(",
    "describe_histogram!(",
];
const USE: [&str; 3] = ["counter!(", "gauge!(", "histogram!("];

/// A file's text without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The first argument of every call of one of the macros.
fn first_arguments<'a>(text: &'a str, macros: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in macros {
        for (at, _) in text.match_indices(name) {
            let before = text[..at].chars().next_back();
            let is_part = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let rest = text[at + name.len()..].trim_start();
            if !is_part {
                found.push(rest.split([',', ')']).next().unwrap_or_default().trim());
            }
        }
    }
    found
}

/// The name of the constant that such a line declares.
fn constant(line: &str) -> Option<&str> {
    line.trim_start()
        .strip_prefix("const ")?
        .split(':')
        .next()
        .map(str::trim)
}

#[test]
fn every_metric_is_described_where_its_name_is_spelled() {
    let (mut found, mut metrics) = (Vec::new(), 0);
    for path in sources() {
        if path.iter().any(|part| part == "tests") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = code(&text);
        let described = first_arguments(text, &DESCRIBE);
        for line in text.lines().filter(|line| line.contains(PREFIX)) {
            metrics += 1;
            let is_described = constant(line).is_some_and(|name| described.contains(&name));
            if !is_described {
                let line = line.trim();
                found.push(format!("{}: not described: {line}", path.display()));
            }
        }
    }
    assert!(metrics > 25, "only {metrics} metrics were found");
    nothing(&found);
}

#[test]
fn every_metric_is_named_by_a_constant() {
    let mut found = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        if path.iter().any(|part| part == "tests") || !text.contains("metrics::") {
            continue;
        }
        for name in first_arguments(code(&text), &USE) {
            if name.starts_with('"') {
                found.push(format!("{}: {name} is no constant", path.display()));
            }
        }
    }
    nothing(&found);
}

#[test]
fn operators_can_read_of_every_metric() {
    let mut pages = String::new();
    for page in ["docs/operations.md", "docs/circuit-breaker.md"] {
        pages.push_str(&fs::read_to_string(root().join(page)).unwrap());
    }
    let mut found = Vec::new();
    for path in sources() {
        if path.iter().any(|part| part == "tests") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in code(&text).match_indices(PREFIX) {
            let name = text[at + 1..].split('"').next().unwrap_or_default();
            if !pages.contains(name) {
                found.push(format!("{name} stands in no page of docs"));
            }
        }
    }
    nothing(&found);
}
