//! What only a real socket shows: slow clients, and what a server reveals of itself.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use http::edge::edge;
use http::limits::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Twenty times the settings of these tests, and below actix's own default of 5 s: a client that is
/// disconnected within it is disconnected by the settings.
const PATIENCE: Duration = Duration::from_secs(4);

fn start(limits: Limits) -> (SocketAddr, ServerHandle) {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(edge))
            .app_data(Data::new(limits))
            .route("/", web::get().to(|| async { "here" }))
    });
    let server = limits
        .of_server(server)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (address, handle)
}

/// All that the server sends to `request` until it disconnects.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[actix_web::test]
async fn client_that_does_not_finish_its_head_is_hung_up_on() {
    let limits = Limits {
        slow_client_ms: 200,
        ..Limits::default()
    };
    let (address, server) = start(limits);
    let answer = ask(address, "GET / HTTP/1.1\r\nhost: a\r\nx-slow").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    server.stop(false).await;
}

#[actix_web::test]
async fn connection_without_a_request_is_closed() {
    let limits = Limits {
        keep_alive_ms: 200,
        ..Limits::default()
    };
    let (address, server) = start(limits);
    let answer = ask(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"),
        "{answer}"
    );
    server.stop(false).await;
}

#[actix_web::test]
async fn server_names_no_version_of_itself() {
    let (address, server) = start(Limits::default());
    let answer = ask(
        address,
        "GET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    let lower = head.to_lowercase();
    assert!(!lower.contains("server:") && !lower.contains("powered") && !lower.contains("actix"));
    assert!(body.contains("\"NOT_FOUND\""), "{body}");
    server.stop(false).await;
}

#[actix_web::test]
async fn encoded_body_is_refused_without_waiting_for_it() {
    // A server that waited for the body would wait for longer than the test does.
    let limits = Limits {
        slow_client_ms: 120_000,
        deadline_ms: 120_000,
        ..Limits::default()
    };
    let (address, server) = start(limits);
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: br\r\ncontent-length: 1517\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut start_of_answer = [0; 12];
    let read = socket.read_exact(&mut start_of_answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    assert_eq!(&start_of_answer, b"HTTP/1.1 415");
    server.stop(false).await;
}
