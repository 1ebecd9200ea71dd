//! JSON with a registered schema.

use kernel::frame::frame;
use kernel::port::Schemas;
use registry::register_all;
use schema_registry_converter::schema_registry_common::SchemaType;
use schemas::{Compatibility, Subject};
use serde_json::{Value, json};

use super::{publish, refusal, schemas, unique, url};

fn subject(schema: Value) -> Subject {
    let compatibility = Compatibility::BackwardTransitive;
    Subject {
        name: unique("json"),
        schema,
        compatibility,
    }
}

fn order() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Order", "type": "object", "additionalProperties": false,
        "properties": { "units": { "type": "integer", "minimum": 1 } }, "required": ["units"],
    })
}

#[tokio::test]
async fn value_that_fits_its_schema_comes_out_byte_for_byte() {
    let subjects = [subject(order())];
    let registered = register_all(&url(), &subjects).await.unwrap();
    // The hash of a command must cover the producer's own bytes.
    let value = b"{ \"units\":\t3 }";
    let framed = frame(registered[0].id, value);
    assert_eq!(schemas().decode(&framed).await.unwrap(), value);
}

#[tokio::test]
async fn value_that_does_not_fit_is_not_read() {
    let subjects = [subject(order())];
    let id = register_all(&url(), &subjects).await.unwrap()[0].id;
    let reader = schemas();
    for (value, reason) in [
        (&br#"{"units":0}"#[..], "/units"),
        (br#"{"unit":3}"#, "unit"),
        (b"{\"units\":3", "not JSON"),
        (b"", "not JSON"),
        (b"\x02\x06", "not JSON"),
    ] {
        let detail = refusal(&reader, &frame(id, value)).await;
        assert!(detail.contains(reason), "{detail}");
    }
}

#[tokio::test]
async fn value_shorter_than_the_prefix_is_refused() {
    let reader = schemas();
    for value in [&b"\0"[..], b"\0\0\0\0"] {
        assert!(refusal(&reader, value).await.contains("prefix"));
    }
}

#[tokio::test]
async fn number_that_is_not_registered_is_refused() {
    let detail = refusal(&schemas(), &frame(u32::MAX >> 1, b"{}")).await;
    assert!(detail.contains("not found"), "{detail}");
}

#[tokio::test]
async fn schemas_that_share_an_id_keyword_are_distinguished() {
    let versioned = |kind: &str| {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:test:shared",
            "type": "object", "properties": { "x": { "type": kind } }, "required": ["x"],
        })
    };
    let text = publish(SchemaType::Json, &versioned("string").to_string()).await;
    let number = publish(SchemaType::Json, &versioned("integer").to_string()).await;
    let reader = schemas();
    assert!(reader.decode(&frame(text, br#"{"x":"a"}"#)).await.is_ok());
    assert!(reader.decode(&frame(number, br#"{"x":1}"#)).await.is_ok());
    refusal(&reader, &frame(text, br#"{"x":1}"#)).await;
    refusal(&reader, &frame(number, br#"{"x":"a"}"#)).await;
}
