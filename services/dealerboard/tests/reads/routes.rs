//! The routes that are served are those of the committed document, which names a body's faults, too.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{Caller, embedded};

const DOCUMENT: &str = include_str!("../../../../schemas/openapi.json");

#[tokio::test]
async fn every_route_of_the_document_is_served_and_needs_its_token() {
    let platform = embedded().await;
    let (client, url) = (Client::new(), platform.url());
    let script = script_of_the_screens(&client, url).await;
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = path.replace(['{', '}'], "");
            let place = match path.as_str() {
                "/explorer/{file}" => "/explorer/index.html".to_owned(),
                "/assets/{file}" => script.clone(),
                "/docs/errors/{code}" => "/docs/errors/BEHIND".to_owned(),
                "/readyz/{part}" => "/readyz/reads".to_owned(),
                _ => place,
            };
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = client.request(verb, format!("{url}{place}"));
            let request = request
                .header("content-type", "application/json")
                .body("{}");
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let is_public = operation["security"] == json!([]);
            match status {
                StatusCode::UNAUTHORIZED => assert!(!is_public, "{method} {path}"),
                StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                    assert!(is_public, "{method} {path} needs no token: {status}");
                }
                // A form that is JSON.
                StatusCode::BAD_REQUEST if path == "/signin/local" => assert!(is_public),
                // This platform knows no provider, and says so.
                StatusCode::NOT_FOUND if path.starts_with("/signin/{provider}") => {
                    let said = answer.text().await.unwrap();
                    assert!(is_public && said.contains("no such provider"), "{said}");
                }
                other => panic!("{method} {path} is not served: {other}"),
            }
        }
    }
}

/// Its name is that of what is in it.
async fn script_of_the_screens(client: &Client, url: &str) -> String {
    let page = client.get(format!("{url}/")).send().await.unwrap();
    let page = page.text().await.unwrap();
    let (_, script) = page.split_once("src=\"").unwrap();
    script.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn document_is_the_committed_one_and_the_explorer_shows_it() {
    let platform = embedded().await;
    let caller = Caller::of(&platform);
    let served = caller.get("/openapi.json").await.text().await.unwrap();
    assert!(served == DOCUMENT);
    let page = caller.get("/explorer/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("swagger-ui"));
    let script = caller.get("/explorer/swagger-initializer.js").await;
    assert!(script.text().await.unwrap().contains("/openapi.json"));
}

#[tokio::test]
async fn unknown_command_is_refused_with_those_there_are() {
    let platform = embedded().await;
    let problem = refusal(&platform, "/v1/conversations/V-1:tak", &json!({})).await;
    assert_eq!(problem["code"], "NOT_FOUND", "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains("take"),
        "{problem}"
    );
    // A colon in an id is a colon in an id.
    let (status, problem) = Caller::of(&platform).read("/v1/conversations/V:take").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["detail"], "no such conversation", "{problem}");
}

#[tokio::test]
async fn all_faults_of_a_body_are_named_at_once() {
    let platform = embedded().await;
    let body = json!({"account": "A1", "book": "PROP", "side": "BUYY", "quantity": 10,
        "price": "1", "currency": "USD", "traded_at": "yesterday", "lotmethod": "FIFO"});
    let problem = refusal(&platform, "/v1/trades", &body).await;
    assert_eq!(problem["code"], "BODY_MALFORMED", "{problem}");
    let errors = problem["errors"].as_array().unwrap();
    let error = |pointer: &str| -> &Value {
        let found = errors.iter().find(|error| error["pointer"] == pointer);
        found.unwrap_or_else(|| panic!("{pointer}: {problem}"))
    };
    assert_eq!(error("/trade_id")["found"], "nothing");
    assert_eq!(error("/instrument")["found"], "nothing");
    assert_eq!(error("/side")["found"], "\"BUYY\"");
    assert!(
        error("/side")["values"]
            .as_array()
            .unwrap()
            .contains(&json!("BUY"))
    );
    assert_eq!(error("/quantity")["found"], "10");
    assert!(
        error("/traded_at")["wanted"]
            .as_str()
            .unwrap()
            .contains("date-time")
    );
    assert!(
        error("/lotmethod")["wanted"]
            .as_str()
            .unwrap()
            .contains("lot_method")
    );
    let text = problem.to_string();
    assert!(
        !text.contains("line ") && !text.contains("expected"),
        "{text}"
    );
}

#[tokio::test]
async fn text_that_is_no_json_is_refused_in_our_words() {
    let platform = embedded().await;
    for (body, reason) in [
        ("{\"a\":1", "the text ends inside a value"),
        ("{\"a\":}", "is not JSON at line 1, column 6"),
        ("{\"a\":1,\"a\":2}", "key appears twice in one object"),
    ] {
        let client = Client::new();
        let request = client.post(format!("{}/v1/trades", platform.url()));
        let request = request.bearer_auth(platform.token("demo"));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let problem: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(problem["errors"][0]["detail"], reason, "{problem}");
    }
}

async fn refusal(platform: &testkit::platform::Platform, path: &str, body: &Value) -> Value {
    let request = Client::new().post(format!("{}{path}", platform.url()));
    let request = request.bearer_auth(platform.token("demo")).json(body);
    request.send().await.unwrap().json().await.unwrap()
}
