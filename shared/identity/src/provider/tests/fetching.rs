//! What a provider may answer.

use std::fs;

use serde_json::json;

use super::super::fetch::Fetch;
use super::stand_in::{StandIn, guard, key, settings};
use crate::settings::IssuerSettings;

async fn fetched(settings: &IssuerSettings) -> Result<Vec<String>, String> {
    let fetch = Fetch::new(settings, guard()).map_err(|error| format!("{error:#}"))?;
    let fetched = fetch.all().await.map_err(|error| error.to_string())?;
    Ok(fetched
        .keys
        .iter()
        .map(|key| key.kid().to_owned())
        .collect())
}

#[tokio::test]
async fn keys_are_where_the_issuer_says() {
    let provider = StandIn::start().await;
    let encryption = json!({ "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "e", "n": "AQAB", "e": "AQAB" });
    let strange = json!({ "kty": "AKP", "kid": "pq", "pub": 1 });
    provider.publishes(&[encryption, key("a"), strange, json!("no key"), key("b")]);
    assert_eq!(fetched(&provider.settings()).await.unwrap(), ["a", "b"]);
    let direct = settings("desk", Some(format!("{}/jwks", provider.address)));
    assert_eq!(fetched(&direct).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn provider_by_another_name_is_not_believed() {
    let provider = StandIn::start().await;
    provider.publishes(&[key("a")]);
    for name in ["https://id.example", &format!("{}/", provider.address)] {
        provider.describes_itself(name, &format!("{}/jwks", provider.address));
        let error = fetched(&provider.settings()).await.unwrap_err();
        assert!(error.contains("calls itself"), "{error}");
    }
    assert!(!provider.asked().contains(&"/jwks".to_owned()));
}

#[tokio::test]
async fn keys_are_not_fetched_over_an_open_way() {
    let provider = StandIn::start().await;
    for address in [
        "http://id.example/jwks",
        "file:///etc/passwd",
        "//x",
        "https://u:p@id.example/",
    ] {
        provider.describes_itself(&provider.address, address);
        let error = fetched(&provider.settings()).await.unwrap_err();
        assert!(error.contains("has its keys at"), "{error}");
    }
}

#[tokio::test]
async fn answer_that_is_none_brings_no_keys() {
    let provider = StandIn::start().await;
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300_000));
    let many: Vec<_> = (0..65).map(|n| key(&n.to_string())).collect();
    let many = json!({ "keys": many }).to_string();
    for (status, body, why) in [
        (404, "", "answered 404"),
        (302, "", "answered 302"),
        (500, "", "answered 500"),
        (200, "<html>", "holds no key set"),
        (200, "{}", "holds no key set"),
        (200, &large, "more than"),
        (200, &many, "65 keys"),
    ] {
        provider.answer("/jwks", status, body);
        let error = fetched(&provider.settings()).await.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let nobody = settings("http://127.0.0.1:9", None);
    let error = fetched(&nobody).await.unwrap_err();
    assert!(error.contains("did not answer"), "{error}");
}

#[tokio::test]
async fn file_is_read_at_the_start_and_must_hold_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let from_file = settings("desk", Some(file.display().to_string()));
    for (text, why) in [
        (None, "read"),
        (Some("{}".to_owned()), "holds no key set"),
        (Some(json!({ "keys": [] }).to_string()), "no key of use"),
    ] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let error = fetched(&from_file).await.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    fs::write(&file, json!({ "keys": [key("a")] }).to_string()).unwrap();
    assert_eq!(fetched(&from_file).await.unwrap(), ["a"]);
}
