//! What the adapter makes of addresses and answers.

use std::time::Duration;

use kernel::effect::{Answer, Call, IdempotencyKey};
use kernel::id::CommandId;
use kernel::port::{NoAnswer, Outside};
use outside::HttpOutside;
use uuid::Uuid;

use crate::server::{Reply, Server};

const KEY: IdempotencyKey = IdempotencyKey(CommandId(Uuid::from_u128(7)));

fn bank(url: &str) -> HttpOutside {
    HttpOutside::new("bank", url, Default::default(), 100).unwrap()
}

async fn performed(bank: &HttpOutside, operation: &str) -> Result<Answer, NoAnswer> {
    let call = Call {
        operation: operation.into(),
        body: r#"{"order":"O-1","n":1}"#.into(),
    };
    bank.perform(&call, KEY, Duration::from_secs(5)).await
}

#[tokio::test]
async fn answer_says_whether_another_try_can_change_it() {
    let server = Server::start().await;
    let bank = bank(&server.url);
    let status = async |status, body| {
        server.script("O-1", [Reply::Status(status, body)]);
        performed(&bank, "v1/orders").await
    };
    for changes in [401, 403, 407, 408, 409, 425, 429, 500, 502, 503, 504] {
        let answer = status(changes, "").await;
        let shown = format!("{answer:?}");
        assert!(matches!(answer, Err(NoAnswer::Fault(_))), "{shown}");
        assert!(shown.contains(&changes.to_string()), "{shown}");
    }
    for refuses in [400, 402, 404, 410, 422] {
        let refused = Answer::Refused {
            code: refuses.to_string().into(),
            detail: "no".into(),
        };
        assert_eq!(status(refuses, "no").await.unwrap(), refused);
    }
    for done in [200, 201, 202] {
        let answer = status(done, "yes").await.unwrap();
        assert_eq!(answer, Answer::Done("yes".into()));
    }
    for elsewhere in [301, 302, 304, 307] {
        let answer = status(elsewhere, "").await;
        assert!(matches!(answer, Err(NoAnswer::Unusable(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn operation_stays_below_the_address_and_the_key_goes_with_it() {
    let server = Server::start().await;
    let bank = bank(&server.url);
    for (operation, path) in [
        ("v1/orders", "/bank/v1/orders"),
        ("a?b#c", "/bank/a%3Fb%23c"),
        ("http:", "/bank/http:"),
    ] {
        performed(&bank, operation).await.unwrap();
        let requests = server.requests();
        let request = requests.last().unwrap();
        assert_eq!((&*request.path, &*request.key), (path, &*KEY.to_string()));
    }
    let made = server.requests().len();
    for operation in [
        "",
        "/",
        "/admin",
        "../admin",
        "a/../../admin",
        "a//b",
        "a/.",
    ] {
        let answer = performed(&bank, operation).await;
        assert!(matches!(answer, Err(NoAnswer::Unusable(_))), "{operation}");
    }
    assert_eq!(server.requests().len(), made);
}

#[tokio::test]
async fn answer_is_read_up_to_its_bound_and_not_beyond() {
    let server = Server::start().await;
    let bank = bank(&server.url);
    server.script("O-1", [Reply::DoesAtLength(100), Reply::DoesAtLength(101)]);
    assert!(performed(&bank, "v1/orders").await.is_ok());
    let answer = performed(&bank, "v1/orders").await;
    assert!(matches!(answer, Err(NoAnswer::Unusable(_))), "{answer:?}");
}

#[tokio::test]
async fn service_that_is_not_there_or_does_not_answer_is_a_fault_without_its_address() {
    let secret = "http://user:secret@127.0.0.1:1/";
    let answer = performed(&bank(secret), "v1/orders").await;
    let shown = format!("{answer:?}");
    assert!(matches!(answer, Err(NoAnswer::Fault(_))), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    let server = Server::start().await;
    server.script("O-1", [Reply::DoesAndHangs]);
    let call = Call {
        operation: "v1/orders".into(),
        body: r#"{"order":"O-1","n":1}"#.into(),
    };
    let within = Duration::from_millis(50);
    let late = bank(&server.url).perform(&call, KEY, within).await;
    assert!(matches!(late, Err(NoAnswer::Fault(_))), "{late:?}");
}

#[test]
fn address_that_is_not_one_of_http_is_refused() {
    for url in ["", "bank", "ftp://bank/", "file:///bank"] {
        assert!(HttpOutside::new("bank", url, Default::default(), 1).is_err());
    }
}
