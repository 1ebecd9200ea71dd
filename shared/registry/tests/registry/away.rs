//! A registry that does not answer, or not as it should, is a fault: what comes is retried, and
//! nothing is parked.

use std::error::Error;
use std::sync::Arc;

use futures::future::join_all;
use kernel::Fault;
use kernel::frame::frame;
use kernel::port::{SchemaError, Schemas};
use registry::{RegisterError, RegistrySchemas, register_all};
use schemas::{Compatibility, Subject};
use serde_json::json;

use super::refusal;
use super::stand_in::{Answer, SCHEMA, StandIn, UNKNOWN};

/// Nothing listens on port 1.
const CLOSED: &str = "127.0.0.1:1";

async fn fault(schemas: &RegistrySchemas) -> Fault {
    match schemas.decode(&frame(7, b"{}")).await {
        Err(SchemaError::Fault(fault)) => fault,
        other => panic!("not a fault: {other:?}"),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(" | {error} {error:?}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn registry_that_does_not_run_is_a_fault_with_or_without_tls() {
    for scheme in ["http", "https"] {
        let schemas = RegistrySchemas::new(&format!("{scheme}://{CLOSED}")).unwrap();
        let fault = fault(&schemas).await;
        assert_eq!(fault.dependency, "registry");
        assert!(
            chain(&fault).to_lowercase().contains("connect"),
            "{}",
            chain(&fault)
        );
    }
}

#[tokio::test]
async fn password_of_the_address_is_in_no_error() {
    let url = format!("http://reader:hunter2@{CLOSED}");
    let fault = fault(&RegistrySchemas::new(&url).unwrap()).await;
    assert!(!chain(&fault).contains("hunter2"), "{}", chain(&fault));
    let subject = Subject {
        name: "any".to_owned(),
        schema: json!({}),
        compatibility: Compatibility::FullTransitive,
    };
    let error = register_all(&url, &[subject]).await.unwrap_err();
    assert!(matches!(error, RegisterError::Fault(_)));
    assert!(!chain(&error).contains("hunter2"), "{}", chain(&error));
}

#[tokio::test]
async fn answer_that_says_nothing_of_the_schema_is_a_fault_and_is_not_kept() {
    let answers: [Answer; 7] = [
        (401, r#"{"error_code":401,"message":"who are you"}"#),
        (403, "<html>forbidden</html>"),
        (404, "<html>no such route on this gateway</html>"),
        (429, "{}"),
        (500, r#"{"error_code":50001,"message":"store"}"#),
        (503, ""),
        (200, "<html>sign in</html>"),
    ];
    for answer in answers {
        let registry = StandIn::answering([answer, SCHEMA]);
        let schemas = RegistrySchemas::new(&registry.url).unwrap();
        fault(&schemas).await;
        let read = schemas.decode(&frame(7, b"{}")).await;
        assert_eq!(read.unwrap(), b"{}", "{answer:?}");
    }
}

#[tokio::test]
async fn unknown_number_is_asked_for_once_until_it_is_forgotten() {
    let registry = StandIn::answering([UNKNOWN, SCHEMA]);
    let schemas = RegistrySchemas::new(&registry.url).unwrap();
    for _ in 0..3 {
        let detail = refusal(&schemas, &frame(7, b"{}")).await;
        assert!(detail.contains("Schema 7 not found"), "{detail}");
    }
    assert_eq!(registry.asked(), 1);
    schemas.forget_unusable();
    assert_eq!(schemas.decode(&frame(7, b"{}")).await.unwrap(), b"{}");
    assert_eq!(registry.asked(), 2);
}

#[tokio::test]
async fn many_who_meet_a_schema_at_once_ask_once() {
    let registry = StandIn::answering([SCHEMA]);
    let schemas = Arc::new(RegistrySchemas::new(&registry.url).unwrap());
    let value = frame(7, b"{}");
    let all = join_all((0..64).map(|_| schemas.decode(&value))).await;
    assert!(all.into_iter().all(|read| read.is_ok()));
    assert_eq!(registry.asked(), 1);
}

#[tokio::test]
async fn schema_that_cannot_be_compiled_is_refused_and_kept() {
    let broken: [Answer; 4] = [
        (200, r#"{"schemaType":"JSON","schema":"{\"type\":5}"}"#),
        (
            200,
            r#"{"schemaType":"JSON","schema":"{\"$ref\":\"http://elsewhere/x.json\"}"}"#,
        ),
        (200, r#"{"schema":"{\"type\":\"recrod\"}"}"#),
        (
            200,
            r#"{"schemaType":"PROTOBUF","schema":"syntax = \"proto3\";"}"#,
        ),
    ];
    for answer in broken {
        let registry = StandIn::answering([answer]);
        let schemas = RegistrySchemas::new(&registry.url).unwrap();
        for _ in 0..2 {
            let detail = refusal(&schemas, &frame(7, b"{}")).await;
            assert!(detail.starts_with("compile schema 7: "), "{detail}");
        }
        assert_eq!(registry.asked(), 1, "{answer:?}");
    }
}
