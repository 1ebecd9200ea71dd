//! Numbers of what the platform writes: asked for once, and nothing is framed without them.

use kernel::frame::{frame, prefix, unframe};
use kernel::port::Framing;
use registry::{RegisterError, RegistryFraming, register_all};
use schemas::{Compatibility, Kind, Subject, Written};
use serde_json::{Value, json};

use super::stand_in::{Answer, StandIn};
use super::{unique, url};

fn written(kind: Kind, name: &str, version: u16, subject: &str, schema: Option<Value>) -> Written {
    Written {
        context: "trades".to_owned(),
        kind,
        name: name.to_owned(),
        version,
        subject: subject.to_owned(),
        schema,
    }
}

fn schema(title: &str) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title, "type": "object", "properties": { "x": true },
    })
}

async fn register(name: &str, schema: &Value) -> u32 {
    let subject = Subject {
        name: name.to_owned(),
        schema: schema.clone(),
        compatibility: Compatibility::BackwardTransitive,
    };
    register_all(&url(), &[subject]).await.unwrap()[0].id
}

#[tokio::test]
async fn each_record_has_the_number_of_its_own_schema() {
    let names = ["Book", "Booked", "Booked.v2"].map(unique);
    let [book, old, new] = names.each_ref().map(|name| schema(name));
    let [booking, first, second] = [
        register(&names[0], &book).await,
        register(&names[1], &old).await,
        register(&names[2], &new).await,
    ];
    let never = unique("Never.v1");
    let framing = RegistryFraming::new(
        &url(),
        vec![
            written(Kind::Command, "Book", 1, &names[0], Some(book)),
            written(Kind::Event, "Booked", 2, &names[2], Some(new)),
            // Of a version before, only the subject's name is known.
            written(Kind::Event, "Booked", 1, &names[1], None),
            written(Kind::Event, "Never", 1, &never, None),
        ],
    )
    .unwrap();
    framing.learn().await.unwrap();
    assert_eq!(framing.command("trades", "Book").unwrap(), prefix(booking));
    assert_eq!(framing.event("trades", "Booked", 1).unwrap(), prefix(first));
    assert_eq!(
        framing.event("trades", "Booked", 2).unwrap(),
        prefix(second)
    );
    for (context, name, version) in [
        ("trades", "Booked", 3),
        ("trades", "Book", 1),
        ("trades", "Never", 1),
        ("orders", "Booked", 1),
    ] {
        let fault = framing.event(context, name, version).unwrap_err();
        assert_eq!(fault.dependency, "registry", "{fault}");
    }
    assert!(framing.command("trades", "Booked").is_err());
    assert_eq!(unframe(&frame(first, b"{}")).unwrap().id, first);
}

#[tokio::test]
async fn schema_that_is_not_registered_asks_for_a_migration() {
    let name = unique("new");
    let (old, new) = (schema("old"), schema("new"));
    let newest = [written(Kind::Event, "Booked", 1, &name, Some(new))];
    let framing = RegistryFraming::new(&url(), newest.to_vec()).unwrap();
    // Neither the subject nor this schema of it.
    for _ in 0..2 {
        let missing = framing.learn().await;
        assert!(matches!(missing, Err(RegisterError::Unregistered(of)) if of == name));
        assert!(framing.event("trades", "Booked", 1).is_err());
        let reason = framing.ready().unwrap_err();
        assert!(reason.contains("dealerboard migrate"), "{reason}");
        register(&name, &old).await;
    }
}

#[tokio::test]
async fn numbers_are_asked_for_until_they_are_known_and_never_again() {
    const NUMBER: Answer = (200, r#"{"subject":"any","id":7,"version":1}"#);
    let registry = StandIn::answering([(503, ""), NUMBER]);
    let one = [written(Kind::Event, "Booked", 1, "any", Some(json!({})))];
    let framing = RegistryFraming::new(&registry.url, one.to_vec()).unwrap();
    assert!(framing.ready().is_err());
    let away = framing.learn().await;
    assert!(matches!(away, Err(RegisterError::Fault(_))), "{away:?}");
    assert!(framing.event("trades", "Booked", 1).is_err());
    for _ in 0..3 {
        framing.learn().await.unwrap();
        assert_eq!(framing.event("trades", "Booked", 1).unwrap(), prefix(7));
    }
    assert!(framing.ready().is_ok());
    assert_eq!(registry.asked(), 2);
}
