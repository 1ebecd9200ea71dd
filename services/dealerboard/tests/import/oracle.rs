//! The positions by the fold in Python, and the platform's answer in its shape.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use kernel::Decimal;
use serde_json::{Value, json};

/// Rows by the position's key.
pub(crate) type Rows = BTreeMap<String, Value>;

pub(crate) fn expected(file: &Path, method: &str) -> Rows {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/positions_fold.py");
    let mut python = Command::new("python3");
    let output = python
        .arg(script)
        .arg(file)
        .args(["--method", method])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.map(|row: Value| (row["key"].as_str().unwrap().to_owned(), row))
        .collect()
}

pub(crate) fn served(positions: &[Value]) -> Rows {
    let rows = positions.iter().map(row);
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), row))
        .collect()
}

fn row(position: &Value) -> Value {
    let part = |name: &str| position[name].as_str().unwrap();
    let lots = position["lots"].as_array().unwrap().iter();
    let lots: Vec<Value> = lots
        .map(|lot| {
            json!([
                lot["exec_id"],
                number(&lot["quantity"]),
                number(&lot["cost"])
            ])
        })
        .collect();
    let key = [part("account"), part("book"), part("instrument")].join("/");
    json!({
        "key": key,
        "method": position["lot_method"],
        "quantity": number(&position["quantity"]),
        "cost": number(&position["cost"]),
        "realised_gross": number(&position["realised_gross"]),
        "fees": number(&position["fees"]),
        "lots": lots,
    })
}

/// Without trailing zeros; a lot of a pool has no cost of its own.
fn number(value: &Value) -> Option<String> {
    let number: Decimal = value.as_str()?.parse().unwrap();
    Some(number.normalized().to_string())
}
