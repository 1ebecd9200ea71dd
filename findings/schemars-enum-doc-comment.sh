#!/usr/bin/env bash
# schemars 1.2.3: one doc comment on one variant of an enum of unit variants changes the shape of its
# JSON Schema. Without comments the schema is one `enum` in the order of declaration. With a comment on
# one variant it is a `oneOf`: the variants without comments are gathered into one `enum` and stand
# first, and the commented one is a `const` behind them. A registry that compares schemas by keyword
# sees a type that became a union, though the same texts are valid before and after.
#
# Expected output:
#   plain      {"type":"string","enum":["Buy","Sell","Short"]}
#   commented  {"oneOf":[{"type":"string","enum":["Buy","Short"]},{"type":"string","const":"Sell","description":"Sells what is held."}]}
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
schemars = { version = "=1.2.3", features = ["preserve_order"] }
serde_json = { version = "1", features = ["preserve_order"] }
TOML
cat > src/main.rs <<'RUST'
use schemars::{schema_for, JsonSchema};

#[derive(JsonSchema)]
#[allow(dead_code)]
enum Plain {
    Buy,
    Sell,
    Short,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
enum Commented {
    Buy,
    /// Sells what is held.
    Sell,
    Short,
}

fn shape(schema: schemars::Schema) -> String {
    let mut schema = schema.to_value();
    let fields = schema.as_object_mut().expect("a schema is an object");
    fields.remove("$schema");
    fields.remove("title");
    schema.to_string()
}

fn main() {
    println!("plain      {}", shape(schema_for!(Plain)));
    println!("commented  {}", shape(schema_for!(Commented)));
}
RUST
found=$(nice cargo run --quiet)
echo "$found"
expected='plain      {"type":"string","enum":["Buy","Sell","Short"]}
commented  {"oneOf":[{"type":"string","enum":["Buy","Short"]},{"type":"string","const":"Sell","description":"Sells what is held."}]}'
if [[ "$found" != "$expected" ]]; then
  echo "the behaviour has changed" >&2
  exit 1
fi
