//! Whose letters are: no other tenant sees, tries or touches them, and no role that may not.

use std::sync::Arc;

use kernel::port::{CommandLog as _, NewRecord};
use serde_json::{Value, json};
use sqlite::SqliteFile;
use testkit::ManualClock;

use crate::desk::{Desk, alike};

const LETTERS: &str = "/v1/operations/dead-letters";

fn place(letter: &Value) -> String {
    let part = |name: &str| letter[name].to_string();
    format!("{LETTERS}/members/{}/{}", part("partition"), part("offset"))
}

#[tokio::test]
async fn letters_are_their_tenants_and_a_second_person_discards_them() {
    let mut desk = Desk::embedded().await;
    desk.poison(2).await;
    let large = desk.groups(4).await.remove(0);
    let fingerprint = &large["fingerprint"];

    let path = format!(
        "{LETTERS}/members?fingerprint={}",
        fingerprint.as_str().unwrap()
    );
    let page = desk.get(&desk.ann, &format!("{path}&limit=2")).await.body;
    let letters = page["letters"].as_array().unwrap();
    assert_eq!(letters.len(), 2, "{page}");
    let next = page["next"].as_str().unwrap();
    let rest = desk.get(&desk.ann, &format!("{path}&cursor={next}")).await;
    assert_eq!(
        rest.body["letters"].as_array().unwrap().len(),
        1,
        "{rest:?}"
    );
    let whole = desk.get(&desk.ann, &path).await.body;
    let mut all = whole["letters"].as_array().unwrap().iter();
    let of_m0 = all.find(|letter| letter["key"] == "demo/m0");
    let shown = desk.get(&desk.ann, &place(of_m0.unwrap())).await.body;
    assert_eq!(shown["json"]["type"], "SetLimits", "{shown}");
    assert_eq!(shown["of_key"]["behind"], 1, "{shown}");
    assert_eq!(shown["of_key"]["holds_up"], true, "{shown}");

    others_are_refused(&desk, &place(&letters[0]), fingerprint).await;

    let proposal = alike("discard", fingerprint);
    let proposed = desk.post(&desk.ann, "/v1/operations/OP-1:propose", &proposal);
    assert!(proposed.await.status.is_success());
    let confirmed = desk.does(&desk.ben, "OP-1:confirm");
    assert!(confirmed.await.status.is_success());
    let done = desk.operation("OP-1", "completed").await;
    assert_eq!(done["counts"]["discarded"], 3, "{done}");
    desk.groups(1).await;
    let again = desk.does(&desk.ben, "OP-1:withdraw");
    again.await.is(409, "INVALID_TRANSITION");
    desk.verify();
}

async fn others_are_refused(desk: &Desk, letter: &str, fingerprint: &Value) {
    let acme = desk.token("acme", "ann", "operator");
    let seen = desk.get(&acme, LETTERS).await.body;
    assert_eq!(seen["letters"], 0, "{seen}");
    desk.get(&acme, letter).await.is(404, "NOT_FOUND");
    let proposal = alike("redrive", fingerprint);
    let asked = json!({ "letters": proposal["letters"] });
    let foreseen = desk
        .post(&acme, &format!("{LETTERS}/dry-run"), &asked)
        .await;
    assert_eq!(foreseen.body["letters"], 0, "{foreseen:?}");
    let other = desk.token("acme", "ben", "operator");
    let proposed = desk.post(&acme, "/v1/operations/OP-9:propose", &proposal);
    assert!(proposed.await.status.is_success());
    let confirmed = desk.does(&other, "OP-9:confirm");
    assert!(confirmed.await.status.is_success());
    let over = |shown: &Value| shown["state"] == "completed";
    let done = desk.shows(&acme, "/v1/operations/OP-9", over).await;
    assert_eq!(done["counts"]["redriven"], 0, "{done}");
    desk.get(&desk.ann, "/v1/operations/OP-9")
        .await
        .is(404, "NOT_FOUND");

    let trader = desk.token("demo", "tom", "trader");
    desk.get(&trader, LETTERS).await.is(403, "NOT_ALLOWED");
    let compliance = desk.token("demo", "cat", "compliance");
    assert!(desk.get(&compliance, LETTERS).await.status.is_success());
    let propose = desk.post(&compliance, "/v1/operations/OP-8:propose", &proposal);
    propose.await.is(403, "NOT_ALLOWED");
}

#[tokio::test]
async fn letter_of_nobody_is_seen_by_the_platforms_operators_alone() {
    let mut desk = Desk::embedded().await;
    desk.platform.kill();
    let file = desk.platform.folder().join("var/dealerboard.db");
    let file = SqliteFile::open(&file, 4, Arc::new(ManualClock::default())).unwrap();
    let forged = NewRecord {
        context: "members",
        key: "demo/m0".into(),
        value: br#"{"id":"1","type":"SetLimits","data":{}}"#[..].into(),
        headers: vec![],
    };
    file.append(vec![forged]).await.unwrap();
    drop(file);
    desk.platform.crash().await;
    let path = "/v1/operations/partitions";
    let handled = |shown: &Value| {
        let mut partitions = shown["partitions"].as_array().unwrap().iter();
        partitions.any(|one| one["context"] == "members" && one["next_offset"] == 1)
    };
    desk.shows(&desk.ann, path, handled).await;
    desk.groups(0).await;

    desk.configure("operations.tenants = [\"demo\"]\n");
    desk.platform.crash().await;
    let groups = desk.groups(1).await;
    assert_eq!(groups[0]["reason"], "not_authentic");
    assert!(groups[0]["producer"].is_null(), "{groups:?}");
    let acme = desk.token("acme", "ann", "operator");
    let seen = desk.get(&acme, LETTERS).await.body;
    assert_eq!(seen["letters"], 0, "{seen}");
}
