//! Bodies: what is read, what is refused, and when.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse};
use futures::stream::{self, Stream, StreamExt};
use http::body::JsonBody;
use http::edge::edge;
use http::problem::Problem;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fill {
    quantity: u32,
}

async fn echo(body: JsonBody) -> HttpResponse {
    HttpResponse::Ok().body(body.bytes().clone())
}

async fn fill(body: JsonBody) -> Result<String, Problem> {
    let fill: Fill = body.parse()?;
    Ok(fill.quantity.to_string())
}

async fn send(request: TestRequest) -> ServiceResponse {
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .route("/echo", web::post().to(echo))
            .route("/fill", web::post().to(fill)),
    )
    .await;
    call_service(&app, request.to_request()).await
}

fn post(path: &str) -> TestRequest {
    TestRequest::with_uri(path)
        .method(Method::POST)
        .insert_header((CONTENT_TYPE, "application/json"))
}

async fn refused(request: TestRequest) -> (u16, Value) {
    let response = send(request).await;
    let status = response.status().as_u16();
    assert_eq!(
        response.headers().get(CONTENT_TYPE).unwrap(),
        "application/problem+json"
    );
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["status"], status);
    (status, problem)
}

#[actix_web::test]
async fn body_is_kept_to_the_byte() {
    let text = "{ \"b\" : 1.50,\n\"a\":\"\\u0061\" }";
    let response = send(post("/echo").set_payload(text)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(read_body(response).await, text);
}

#[actix_web::test]
async fn duplicate_key_is_answered_400_with_its_place() {
    for (text, pointer) in [
        (r#"{"a":1,"a":2}"#, "/a"),
        (r#"{"legs":[{"q":1},{"q":1,"q":2}]}"#, "/legs/1/q"),
    ] {
        let (status, problem) = refused(post("/echo").set_payload(text)).await;
        assert_eq!((status, &problem["code"]), (400, &"BODY_MALFORMED".into()));
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[actix_web::test]
async fn deep_nesting_is_answered_400() {
    for text in ["[".repeat(100_000), r#"{"a":"#.repeat(40_000)] {
        let (status, problem) = refused(post("/echo").set_payload(text)).await;
        assert_eq!((status, &problem["code"]), (400, &"BODY_MALFORMED".into()));
    }
}

#[actix_web::test]
async fn body_that_does_not_fit_its_type_is_answered_400() {
    for text in [
        "{}",
        "[]",
        r#"{"quantity":-1}"#,
        r#"{"quantity":1,"tenant_id":"x"}"#,
    ] {
        let (status, problem) = refused(post("/fill").set_payload(text)).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &"BODY_MALFORMED".into()),
            "{text}"
        );
    }
    assert_eq!(
        send(post("/fill").set_payload(r#"{"quantity":1}"#))
            .await
            .status(),
        200
    );
}

#[actix_web::test]
async fn other_media_type_is_answered_415() {
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json; charset=latin1",
        "",
    ] {
        let request = post("/echo")
            .insert_header((CONTENT_TYPE, kind))
            .set_payload("{}");
        let (status, problem) = refused(request).await;
        assert_eq!(
            (status, &problem["code"]),
            (415, &"MEDIA_UNSUPPORTED".into()),
            "{kind}"
        );
    }
    let utf8 = post("/echo").insert_header((CONTENT_TYPE, "Application/JSON; Charset=UTF-8"));
    assert_eq!(send(utf8.set_payload("{}")).await.status(), 200);
}

#[actix_web::test]
async fn body_over_256_kib_is_answered_413() {
    let fits = format!("\"{}\"", "x".repeat(256 * 1024 - 2));
    assert_eq!(
        send(post("/echo").set_payload(fits.clone())).await.status(),
        200
    );
    let (status, problem) = refused(post("/echo").set_payload(format!("{fits} "))).await;
    assert_eq!((status, &problem["code"]), (413, &"BODY_TOO_LARGE".into()));
}

/// A payload that counts what is read of it.
fn watched(chunks: usize) -> (Payload, Rc<Cell<usize>>) {
    let read = Rc::new(Cell::new(0));
    let counter = Rc::clone(&read);
    let chunks = stream::iter(0..chunks).map(move |_| {
        counter.set(counter.get() + 1);
        Ok(Bytes::from_static(&[b' '; 1_024]))
    });
    let stream: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(chunks);
    (Payload::from(stream), read)
}

async fn refused_unread(request: TestRequest) -> (u16, usize) {
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .route("/echo", web::post().to(echo)),
    )
    .await;
    let (payload, read) = watched(10_000);
    let (request, _) = request.to_request().replace_payload(payload);
    let response = call_service(&app, request).await;
    (response.status().as_u16(), read.get())
}

/// 1,517 bytes of brotli can hold a gigabyte: not one of them is looked at.
#[actix_web::test]
async fn encoded_body_is_answered_415_before_it_is_read() {
    for coding in [
        "br",
        "gzip",
        "deflate",
        "zstd",
        "identity, br",
        "x",
        "BR",
        "",
    ] {
        let request = post("/echo")
            .insert_header((CONTENT_ENCODING, coding))
            .insert_header((CONTENT_LENGTH, "1517"));
        assert_eq!(refused_unread(request).await, (415, 0), "{coding}");
    }
    let twice = post("/echo")
        .append_header((CONTENT_ENCODING, "identity"))
        .append_header((CONTENT_ENCODING, "br"));
    assert_eq!(refused_unread(twice).await, (415, 0));
    let response = send(post("/echo").insert_header((CONTENT_ENCODING, "br"))).await;
    assert_eq!(
        response.headers().get("accept-encoding").unwrap(),
        "identity"
    );
    let plain = post("/echo").insert_header((CONTENT_ENCODING, "Identity"));
    assert_eq!(send(plain.set_payload("{}")).await.status(), 200);
}

#[actix_web::test]
async fn body_that_announces_too_much_is_answered_413_before_it_is_read() {
    let request = post("/echo").insert_header((CONTENT_LENGTH, "262145"));
    assert_eq!(refused_unread(request).await, (413, 0));
}

#[actix_web::test]
async fn body_that_announces_nothing_is_cut_at_its_bound() {
    let (status, chunks) = refused_unread(post("/echo")).await;
    assert_eq!(status, 413);
    assert!(chunks <= 257, "{chunks} KiB were read");
}

#[actix_web::test]
async fn body_that_never_ends_is_answered_400_in_5_s() {
    tokio::time::pause();
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .route("/echo", web::post().to(echo)),
    )
    .await;
    let never: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
        Box::pin(stream::pending());
    // Ready to wait for half a minute, so that it is not the deadline that ends it.
    let request = post("/echo")
        .insert_header(("prefer", "wait=30"))
        .to_request();
    let (request, _) = request.replace_payload(Payload::from(never));
    let begun = tokio::time::Instant::now();
    let response = call_service(&app, request).await;
    assert_eq!(response.status(), 400);
    assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(5).as_secs());
}

#[actix_web::test]
async fn body_that_breaks_off_is_answered_400() {
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .route("/echo", web::post().to(echo)),
    )
    .await;
    let broken: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
        Box::pin(stream::iter([Err(PayloadError::Incomplete(None))]));
    let (request, _) = post("/echo")
        .to_request()
        .replace_payload(Payload::from(broken));
    let response: ServiceResponse = call_service(&app, request).await;
    assert_eq!(response.status(), 400);
}
