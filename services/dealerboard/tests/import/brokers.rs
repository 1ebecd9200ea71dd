//! Files in the manner of brokers' exports, each with the positions it means.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kernel::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::site::{Site, summary};

/// A file, what has to be declared of it, and what it means.
#[derive(Deserialize)]
struct Case {
    file: String,
    options: Vec<String>,
    positions: BTreeMap<String, Value>,
    /// Of some trades.
    traded_at: BTreeMap<String, String>,
    /// Lines that are no trades.
    rejected: usize,
}

/// Each has a tenant, so that all share one platform.
#[tokio::test]
async fn every_export_becomes_the_positions_it_means() {
    let site = Site::embedded().await;
    let cases = fs::read_to_string(folder().join("cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&cases).unwrap();
    assert_eq!(cases.len(), 25);
    for (case, number) in cases.iter().zip(1..) {
        let tenant = format!("broker-{number}");
        for again in [false, true] {
            import(&site, case, &tenant, again);
            assert_eq!(
                positions(&site, &tenant, case).await,
                case.positions,
                "{}",
                case.file
            );
        }
        for (trade, at) in &case.traded_at {
            let trade = read(&site, &tenant, &format!("/v1/trades/{trade}")).await;
            assert_eq!(trade["traded_at"], **at, "{}: {trade}", case.file);
        }
    }
    site.discard().await;
}

fn import(site: &Site, case: &Case, tenant: &str, again: bool) {
    let file = folder().join(&case.file);
    let output = site.import(&file, tenant).args(&case.options).output();
    let output = output.unwrap();
    let (result, code) = summary(&output);
    let none = if again {
        " 0 imported, "
    } else {
        " 0 already there, "
    };
    let rejected = format!(" {} rejected", case.rejected);
    let is_right = result.contains(none) && result.ends_with(&rejected);
    assert!(is_right, "{}: {output:?}", case.file);
    assert_eq!(code, Some(i32::from(case.rejected > 0)), "{}", case.file);
}

/// The members that the case names, and no others.
async fn positions(site: &Site, tenant: &str, case: &Case) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for key in case.positions.keys() {
        let mut position = read(site, tenant, &format!("/v1/positions/{key}")).await;
        let wanted = case.positions[key].as_object().unwrap();
        let members = position.as_object_mut().unwrap();
        members.retain(|name, _| wanted.contains_key(name));
        members.values_mut().for_each(normalise);
        found.insert(key.clone(), position);
    }
    found
}

/// Without trailing zeros, if it is a number.
fn normalise(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<Decimal>().ok()) {
        *value = number.normalized().to_string().into();
    }
}

async fn read(site: &Site, tenant: &str, path: &str) -> Value {
    site.get(tenant, path).await.json().await.unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/brokers")
}
