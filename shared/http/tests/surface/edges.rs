//! Every answer has one shape, whichever layer made it.

use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::error::{
    ErrorBadGateway, ErrorConflict, ErrorForbidden, ErrorInternalServerError, ErrorTooManyRequests,
};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::web::{self, Json, Path, Query};
use actix_web::{App, Error, HttpResponse, ResponseError};
use http::edge::{ForPeople, edge};
use http::problem::Problem;
use kernel::code::{Fault, platform};
use kernel::{Code, Kind, Rejection};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, thiserror::Error)]
#[error("trade T-1 is settled")]
struct Settled;

impl Rejection for Settled {
    const CODES: &'static [Code] = &[];

    fn code(&self) -> Code {
        Code::new("TRADE_SETTLED", Kind::Conflict)
    }
}

#[derive(Deserialize)]
struct Numbers {
    n: u32,
}

async fn failing(what: Path<String>) -> Result<HttpResponse, Error> {
    let secret = "password=hunter2 at /var/lib/db";
    Err(match what.as_str() {
        "rejection" => Problem::rejection(&Settled).into(),
        "stored" => Problem::stored("TRADE_SETTLED", 409, "trade T-1 is settled").into(),
        "fault" => Problem::from(Fault::new(
            "postgres",
            secret,
            std::io::Error::other(secret),
        ))
        .into(),
        "defect" => Problem::defect(std::io::Error::other(secret)).into(),
        "internal" => ErrorInternalServerError(secret),
        "io" => std::io::Error::other(secret).into(),
        "gateway" => ErrorBadGateway(secret),
        "forbidden" => ErrorForbidden(secret),
        "conflict" => ErrorConflict(secret),
        "many" => ErrorTooManyRequests(secret),
        "bare" => return Ok(HttpResponse::InternalServerError().body(secret)),
        other => return Ok(HttpResponse::Ok().body(other.to_owned())),
    })
}

/// By `web::resource`: with `App::route` actix answers 404, not 405, to another method.
fn routes(config: &mut web::ServiceConfig) {
    let number = |n: Path<Numbers>| async move { n.n.to_string() };
    let query = |q: Query<Numbers>| async move { q.n.to_string() };
    let json = |j: Json<Numbers>| async move { j.n.to_string() };
    config
        .service(web::resource("/fail/{what}").route(web::get().to(failing)))
        .service(web::resource("/number/{n}").route(web::get().to(number)))
        .service(web::resource("/query").route(web::get().to(query)))
        .service(web::resource("/json").route(web::post().to(json)))
        .service(web::resource("/any").to(|| async { "whatever the method" }))
        .service(web::resource("/own").route(web::get().to(own)))
        .service(web::resource("/slow").route(web::get().to(slow)));
}

async fn own() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "private, max-age=1"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'self'"))
        .finish()
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "late"
}

async fn send(request: TestRequest) -> ServiceResponse {
    let app = init_service(App::new().wrap(from_fn(edge)).configure(routes)).await;
    call_service(&app, request.to_request()).await
}

async fn problem(request: TestRequest) -> Value {
    let response = send(request).await;
    assert_eq!(
        response.headers().get(CONTENT_TYPE).unwrap(),
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let body = read_body(response).await;
    let text = std::str::from_utf8(&body).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("/var/lib"),
        "{text}"
    );
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["status"], status, "{problem}");
    problem
}

fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path)
}

#[actix_web::test]
async fn problem_has_every_member_of_its_shape() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = problem(get("/fail/rejection").insert_header(("traceparent", trace))).await;
    assert_eq!(
        answer,
        json!({
            "type": "/docs/errors/TRADE_SETTLED",
            "title": "trade settled",
            "status": 409,
            "code": "TRADE_SETTLED",
            "detail": "trade T-1 is settled",
            "retryable": false,
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        })
    );
    // What was stored when it was decided reads the same.
    let stored = problem(get("/fail/stored").insert_header(("traceparent", trace))).await;
    assert_eq!(stored, answer);
}

#[actix_web::test]
async fn fault_is_answered_503_and_when_to_come_back() {
    let response = send(get("/fail/fault")).await;
    let seconds = response
        .headers()
        .get("retry-after")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let answer = problem(get("/fail/fault")).await;
    assert_eq!(answer["code"], "DEPENDENCY_UNAVAILABLE");
    assert_eq!(
        (&answer["status"], &answer["retryable"]),
        (&json!(503), &json!(true))
    );
    assert_eq!(answer["retry_after"].to_string(), seconds);
    assert!(!answer.to_string().contains("postgres"));
}

#[actix_web::test]
async fn every_refusal_is_a_problem() {
    for (request, status, code) in [
        (get("/nowhere"), 404, "NOT_FOUND"),
        (get("/json"), 405, "METHOD_NOT_ALLOWED"),
        (
            get("/query").method(Method::POST),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (get("/any").method(Method::TRACE), 405, "METHOD_NOT_ALLOWED"),
        (
            get("/any").method(Method::CONNECT),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            get("/any").method(Method::from_bytes(b"BREW").unwrap()),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (get("/number/x"), 404, "NOT_FOUND"),
        (get("/query"), 400, "PARAMETER_MALFORMED"),
        (get("/query?n=x"), 400, "PARAMETER_MALFORMED"),
        (
            get("/json").method(Method::POST).set_payload("{}"),
            415,
            "MEDIA_UNSUPPORTED",
        ),
        (
            get("/json").method(Method::POST).set_json(json!({})),
            400,
            "BODY_MALFORMED",
        ),
        (
            get("/json")
                .method(Method::POST)
                .set_json("x".repeat(300_000)),
            413,
            "BODY_TOO_LARGE",
        ),
        (get("/fail/internal"), 500, "DEFECT"),
        (get("/fail/defect"), 500, "DEFECT"),
        (get("/fail/bare"), 500, "DEFECT"),
        (get("/fail/io"), 500, "DEFECT"),
        (get("/fail/gateway"), 503, "DEPENDENCY_UNAVAILABLE"),
        (get("/fail/forbidden"), 403, "NOT_ALLOWED"),
        (get("/fail/conflict"), 400, "PARAMETER_MALFORMED"),
        (get("/fail/many"), 429, "OVERLOADED"),
    ] {
        let answer = problem(request).await;
        assert_eq!(
            (&answer["status"], &answer["code"]),
            (&json!(status), &json!(code)),
            "{answer}"
        );
        assert_eq!(answer["type"], format!("/docs/errors/{code}"));
    }
}

#[actix_web::test]
async fn url_and_headers_are_bounded() {
    let url = |bytes: usize| {
        get(&format!(
            "/fail/ok?{}",
            "x".repeat(bytes - "/fail/ok?".len())
        ))
    };
    assert_eq!(send(url(8 * 1024)).await.status(), 200);
    assert_eq!(
        problem(url(8 * 1024 + 1)).await["code"],
        "PARAMETER_MALFORMED"
    );
    let headers = |bytes: usize| {
        let each = (bytes / 4).saturating_sub(2);
        (0..4).fold(get("/fail/ok"), |request, n| {
            request.insert_header((format!("h{n}"), "x".repeat(each)))
        })
    };
    assert_eq!(send(headers(16 * 1024)).await.status(), 200);
    assert_eq!(
        problem(headers(16 * 1024 + 4)).await["code"],
        "PARAMETER_MALFORMED"
    );
}

#[actix_web::test]
async fn answer_past_its_deadline_is_a_503() {
    tokio::time::pause();
    let app = init_service(App::new().wrap(from_fn(edge)).configure(routes)).await;
    for (wait, seconds) in [("wait=0", 5), ("wait=10", 15), ("wait=1000", 35)] {
        let begun = tokio::time::Instant::now();
        let request = get("/slow").insert_header(("prefer", wait)).to_request();
        let error = try_call_service(&app, request).await.unwrap_err();
        assert_eq!(begun.elapsed().as_secs(), seconds, "{wait}");
        let answer = error.error_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(
            answer.headers().get("x-content-type-options").unwrap(),
            "nosniff"
        );
    }
}

/// All headers of an answer, but those of its body.
fn snapshot(response: &ServiceResponse) -> Vec<String> {
    let mut lines: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

const SECURITY: [&str; 5] = [
    "cache-control: no-store",
    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    "referrer-policy: no-referrer",
    "strict-transport-security: max-age=63072000; includeSubDomains",
    "x-content-type-options: nosniff",
];

#[actix_web::test]
async fn headers_of_an_answer_are_these_and_no_others() {
    assert_eq!(snapshot(&send(get("/fail/ok")).await), SECURITY);
    let with = |more: &[&'static str]| {
        let mut lines = [
            &SECURITY[..],
            &["content-type: application/problem+json"],
            more,
        ]
        .concat();
        lines.sort_unstable();
        lines
    };
    assert_eq!(snapshot(&send(get("/nowhere")).await), with(&[]));
    assert_eq!(snapshot(&send(get("/fail/defect")).await), with(&[]));
    assert_eq!(
        snapshot(&send(get("/fail/fault")).await),
        with(&["retry-after: 2"])
    );
}

#[actix_web::test]
async fn handler_may_set_its_own_security_headers() {
    let response = send(get("/own")).await;
    assert_eq!(
        response.headers().get(CACHE_CONTROL).unwrap(),
        "private, max-age=1"
    );
    assert_eq!(
        response.headers().get(CONTENT_SECURITY_POLICY).unwrap(),
        "default-src 'self'"
    );
    assert_eq!(
        response.headers().get("x-content-type-options").unwrap(),
        "nosniff"
    );
}

#[actix_web::test]
async fn headers_of_a_refusal_survive_its_new_body() {
    let app = init_service(App::new().wrap(from_fn(edge)).route(
        "/",
        web::get().to(|| async {
            HttpResponse::MethodNotAllowed()
                .insert_header((ALLOW, "POST"))
                .insert_header((CONTENT_TYPE, "text/html"))
                .body("<h1>no</h1>")
        }),
    ))
    .await;
    let response: ServiceResponse = call_service(&app, get("/").to_request()).await;
    assert_eq!(response.headers().get(ALLOW).unwrap(), "POST");
    assert_eq!(
        response.headers().get(CONTENT_TYPE).unwrap(),
        "application/problem+json"
    );
}

#[actix_web::test]
async fn page_for_people_stays_as_it_is_and_is_secured() {
    let app = init_service(App::new().wrap(from_fn(edge)).route(
        "/",
        web::get().to(|| async {
            let mut page = HttpResponse::BadRequest();
            let page = page.insert_header((CONTENT_TYPE, "text/html"));
            let mut page = page.body("<h1>no</h1>");
            page.extensions_mut().insert(ForPeople);
            page
        }),
    ))
    .await;
    let response: ServiceResponse = call_service(&app, get("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let headers = response.headers();
    assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "text/html");
    assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff");
    assert_eq!(read_body(response).await, "<h1>no</h1>");
}

#[actix_web::test]
async fn trace_id_is_taken_from_a_valid_traceparent_only() {
    for parent in [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6\"},<script>-00f067aa0ba902b7-01",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "",
    ] {
        let answer = problem(get("/nowhere").insert_header(("traceparent", parent))).await;
        assert_eq!(answer.get("trace_id"), None, "{parent}");
    }
}

#[test]
fn each_platform_code_has_a_page() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
    for code in platform::ALL {
        let page = std::fs::read_to_string(format!("{pages}/{code}.md")).unwrap_or_default();
        assert!(
            page.starts_with(&format!("# {code}\n")),
            "{code} has no page"
        );
        for part in ["**Cause.**", "**Who acts.**", "**What to do.**"] {
            assert!(page.contains(part), "{code} lacks {part}");
        }
        let (status, retryable) = code.kind.status_and_retry();
        let retry = if retryable {
            "retryable"
        } else {
            "not retryable"
        };
        assert!(
            page.contains(&format!("**{status}, {retry}.**")),
            "{code} says another status"
        );
        assert_eq!(Problem::new(*code, "").status_code().as_u16(), status);
    }
}
