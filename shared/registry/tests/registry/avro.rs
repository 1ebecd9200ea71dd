//! Avro with a registered schema, honest and hostile.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use kernel::frame::frame;
use kernel::port::Schemas;
use proptest::prelude::*;
use registry::RegistrySchemas;
use schema_registry_converter::async_impl::schema_registry::{SrSettings, post_schema};
use schema_registry_converter::schema_registry_common::{
    SchemaType, SuppliedReference, SuppliedSchema,
};
use serde_json::{Value, json};

use super::{publish, refusal, schemas, unique, url};

async fn avro(schema: &Value) -> u32 {
    publish(SchemaType::Avro, &schema.to_string()).await
}

fn record(name: &str, fields: Value) -> Value {
    json!({ "type": "record", "name": name, "namespace": "test", "fields": fields })
}

fn datum(schema: &Value, value: Avro) -> Vec<u8> {
    let schema = Schema::parse(schema).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(value).unwrap()
}

async fn decoded(reader: &RegistrySchemas, id: u32, datum: &[u8]) -> String {
    String::from_utf8(reader.decode(&frame(id, datum)).await.unwrap()).unwrap()
}

fn fields(pairs: impl IntoIterator<Item = (&'static str, Avro)>) -> Avro {
    Avro::Record(
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn fill_schema() -> Value {
    let money = json!({ "type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2 });
    let small = json!({
        "type": "fixed", "name": "Small", "size": 4,
        "logicalType": "decimal", "precision": 9, "scale": 3,
    });
    record(
        "RecordFill",
        json!([
            { "name": "exec_id", "type": "string" },
            { "name": "side", "type": { "type": "enum", "name": "Side", "symbols": ["BUY", "SELL"] } },
            { "name": "quantity", "type": money },
            { "name": "fee", "type": small },
            { "name": "traded_at", "type": { "type": "long", "logicalType": "timestamp-micros" } },
            { "name": "note", "type": ["null", "string"], "default": null },
            { "name": "venue", "type": ["null", "string"], "default": null },
            { "name": "count", "type": "long" },
            { "name": "ratio", "type": "float" },
            { "name": "id", "type": { "type": "string", "logicalType": "uuid" } },
            { "name": "day", "type": { "type": "int", "logicalType": "date" } },
            { "name": "raw", "type": "bytes" },
            { "name": "tags", "type": { "type": "map", "values": "int" } },
            { "name": "lots", "type": { "type": "array", "items": ["null", "int"] } },
        ]),
    )
}

fn fill() -> Avro {
    let some = |value: Avro| Avro::Union(1, Box::new(value));
    let none = || Avro::Union(0, Box::new(Avro::Null));
    let tags = ["z", "a", "m", "é\""]
        .into_iter()
        .zip(0..)
        .map(|(tag, n)| (tag.to_owned(), Avro::Int(n)));
    fields([
        ("exec_id", Avro::String("X-1".to_owned())),
        ("side", Avro::Enum(1, "SELL".to_owned())),
        ("quantity", Avro::Decimal(vec![0x04, 0xe2].into())),
        ("fee", Avro::Decimal(vec![0xff, 0xff, 0xff, 0x06].into())),
        ("traded_at", Avro::TimestampMicros(1_381_132_800_688_000)),
        ("note", some(Avro::String("line\n\"two\"".to_owned()))),
        ("venue", none()),
        ("count", Avro::Long(9_007_199_254_740_993)),
        ("ratio", Avro::Float(0.1)),
        ("id", Avro::Uuid(uuid::Uuid::nil())),
        ("day", Avro::Date(15_985)),
        ("raw", Avro::Bytes(vec![0, 255])),
        ("tags", Avro::Map(tags.collect::<HashMap<_, _>>())),
        ("lots", Avro::Array(vec![some(Avro::Int(7)), none()])),
    ])
}

const FILL: &str = concat!(
    r#"{"exec_id":"X-1","side":"SELL","quantity":"12.50","fee":"-0.250","#,
    r#""traded_at":"2013-10-07T08:00:00.688Z","note":"line\n\"two\"","count":9007199254740993,"#,
    r#""ratio":0.1,"id":"00000000-0000-0000-0000-000000000000","day":"2013-10-07","raw":"AP8=","#,
    r#""tags":{"a":1,"m":2,"z":0,"é\"":3},"lots":[7,null]}"#,
);

#[tokio::test]
async fn record_becomes_an_object_whose_bytes_are_always_the_same() {
    let id = avro(&fill_schema()).await;
    let reader = schemas();
    for _ in 0..20 {
        // A map's order differs from one value to the next.
        assert_eq!(
            decoded(&reader, id, &datum(&fill_schema(), fill())).await,
            FILL
        );
    }
}

#[tokio::test]
async fn envelope_with_a_choice_of_commands_becomes_the_structured_form() {
    let book = record("BookTrade", json!([{ "name": "units", "type": "int" }]));
    let cancel = record("CancelTrade", json!([]));
    let envelope = record(
        "Envelope",
        json!([
            { "name": "id", "type": "string" },
            { "name": "type", "type": "string" },
            { "name": "expected_version", "type": ["null", "long"], "default": null },
            { "name": "data", "type": [cancel, book] },
        ]),
    );
    let text = |text: &str| Avro::String(text.to_owned());
    let command = |kind: &str, data: Avro| {
        fields([
            ("id", text("018f0000-0000-7000-8000-000000000001")),
            ("type", text(kind)),
            ("expected_version", Avro::Union(0, Box::new(Avro::Null))),
            ("data", data),
        ])
    };
    let id = avro(&envelope).await;
    let booked = Avro::Union(1, Box::new(fields([("units", Avro::Int(3))])));
    let plain = decoded(
        &schemas(),
        id,
        &datum(&envelope, command("BookTrade", booked)),
    )
    .await;
    let read: kernel::CommandEnvelope<'_> = serde_json::from_str(&plain).unwrap();
    assert_eq!(
        (read.kind.as_ref(), read.data.get()),
        ("BookTrade", r#"{"units":3}"#)
    );
    let cancelled = Avro::Union(0, Box::new(fields([])));
    let plain = decoded(
        &schemas(),
        id,
        &datum(&envelope, command("CancelTrade", cancelled)),
    )
    .await;
    assert!(
        plain.ends_with(r#""type":"CancelTrade","data":{}}"#),
        "{plain}"
    );
}

#[tokio::test]
async fn schema_that_refers_to_another_subject_is_read_whole() {
    let money = record("Money", json!([{ "name": "units", "type": "int" }]));
    let order = record(
        "Order",
        json!([
            { "name": "price", "type": "test.Money" },
            { "name": "fee", "type": "test.Money" },
        ]),
    );
    let reference =
        SuppliedReference::new("test.Money".to_owned(), unique("money"), money.to_string());
    let schema = SuppliedSchema::new(None, SchemaType::Avro, order.to_string())
        .with_references(vec![reference]);
    let id = post_schema(&SrSettings::new(url()), unique("order"), schema)
        .await
        .unwrap()
        .id;
    let expected = r#"{"price":{"units":-1},"fee":{"units":2}}"#;
    assert_eq!(decoded(&schemas(), id, &[1, 4]).await, expected);
}

#[tokio::test]
async fn datum_cut_short_or_with_more_behind_it_is_refused() {
    let id = avro(&fill_schema()).await;
    let reader = schemas();
    let whole = datum(&fill_schema(), fill());
    for end in 0..whole.len() {
        let detail = refusal(&reader, &frame(id, &whole[..end])).await;
        assert!(detail.starts_with("not a datum"), "{end}: {detail}");
    }
    let more = [&whole[..], &[0]].concat();
    assert!(
        refusal(&reader, &frame(id, &more))
            .await
            .contains("1 bytes follow")
    );
    // Optional fields at the end: apache-avro alone reads their absence as null.
    let optional = record(
        "Optional",
        json!([
            { "name": "a", "type": "int" },
            { "name": "b", "type": ["null", "string"] },
            { "name": "c", "type": ["null", "string"] },
        ]),
    );
    let id = avro(&optional).await;
    assert_eq!(decoded(&reader, id, &[2, 0, 0]).await, r#"{"a":1}"#);
    for short in [&[2][..], &[2, 0], &[2, 2, 4, b'x']] {
        assert!(
            refusal(&reader, &frame(id, short))
                .await
                .contains("cut short")
        );
    }
}

#[tokio::test]
async fn decimal_of_many_digits_is_read_to_the_last() {
    let wide = json!({ "type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2 });
    let id = avro(&record("Wide", json!([{ "name": "x", "type": wide }]))).await;
    let datum = [&[40_u8][..], &[0x7f; 20]].concat();
    let expected = r#"{"x":"7278851291804889043602665637449723274364840508.15"}"#;
    assert_eq!(decoded(&schemas(), id, &datum).await, expected);
}

#[tokio::test]
async fn value_without_a_meaning_in_json_is_refused() {
    let time = |unit: &str, of: &str| json!({ "type": of, "logicalType": unit });
    let wide = json!({ "type": "bytes", "logicalType": "decimal", "precision": 100, "scale": 2 });
    let long = |value: i64| datum(&json!("long"), Avro::Long(value));
    let double = |value: f64| value.to_le_bytes().to_vec();
    let wide_datum = [&[80_u8][..], &[0x7f; 40]].concat();
    let cases = [
        (json!("double"), double(f64::NAN), "finite"),
        (json!("double"), double(f64::INFINITY), "finite"),
        (wide, wide_datum, "77 digits"),
        (time("timestamp-millis", "long"), long(i64::MAX), "9999"),
        (time("timestamp-micros", "long"), long(i64::MIN), "9999"),
        (time("local-timestamp-millis", "long"), long(0), "not read"),
        (time("time-micros", "long"), long(0), "not read"),
    ];
    let reader = schemas();
    for (schema, datum, reason) in cases {
        let wrapped = record("Wrapped", json!([{ "name": "x", "type": schema }]));
        let id = avro(&wrapped).await;
        let detail = refusal(&reader, &frame(id, &datum)).await;
        assert!(
            detail.contains(reason) && detail.starts_with("x: "),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn schema_that_makes_much_of_little_is_refused() {
    let chain = record(
        "Chain",
        json!([{ "name": "next", "type": ["null", "test.Chain"] }]),
    );
    let mut doubled = record("R0", json!([]));
    for n in 1..40 {
        let again = format!("test.R{}", n - 1);
        let twice = json!([{ "name": "a", "type": doubled }, { "name": "b", "type": again }]);
        doubled = record(&format!("R{n}"), twice);
    }
    let empty = record("Empty", json!([]));
    let lists = |of: Value| {
        record(
            "Lists",
            json!([{ "name": "x", "type": { "type": "array", "items": of } }]),
        )
    };
    let hostile = [
        (chain, "refers to itself"),
        (doubled, "at most"),
        (lists(json!("null")), "no bytes"),
        (lists(empty), "no bytes"),
        (
            lists(json!({ "type": "fixed", "name": "None", "size": 0 })),
            "no bytes",
        ),
    ];
    let reader = schemas();
    for (schema, reason) in hostile {
        let id = avro(&schema).await;
        let detail = refusal(&reader, &frame(id, &[0])).await;
        assert!(detail.contains(reason), "{detail}");
    }
}

#[test]
fn no_bytes_make_the_reader_panic_or_write_anything_but_json() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (reader, id) = runtime.block_on(async { (schemas(), avro(&fill_schema()).await) });
    let whole = datum(&fill_schema(), fill());
    let mutated = (0..whole.len(), any::<u8>()).prop_map(move |(at, byte)| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    });
    let bytes = prop_oneof![mutated, prop::collection::vec(any::<u8>(), 0..200)];
    proptest!(ProptestConfig::with_cases(3_000), |(bytes in bytes)| {
        if let Ok(json) = runtime.block_on(reader.decode(&frame(id, &bytes))) {
            prop_assert!(serde_json::from_slice::<Value>(&json).is_ok());
        }
    });
}
