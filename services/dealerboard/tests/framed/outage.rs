//! A registry that is away when the platform starts.

use std::net::SocketAddr;

use kernel::frame::unframe;
use rdkafka::message::Message;
use reqwest::StatusCode;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::site::{Site, booking};

/// Host and port of a URL.
fn host(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split('/').next().unwrap()
}

/// Forwards connections to `host` until it is dropped with its runtime.
async fn forward(listener: TcpListener, host: String) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut server = TcpStream::connect(&host).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
    }
}

#[tokio::test]
async fn nothing_bare_is_written_while_the_registry_is_away() {
    let site = Site::prepare().await;
    // A reserved port, without a listener so far.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let here = socket.local_addr().unwrap();
    let real = host(&site.registry).to_owned();
    let url = site.registry.replacen(&real, &here.to_string(), 1);
    let serving = site.start(&[("DEALERBOARD__REGISTRY__URL", &url)]).await;

    let (status, body) = serving.get("/readyz/commands").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("no schema numbers yet"), "{body}");
    let (status, body) = serving.post("/v1/trades", &booking("T-1")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    // What is read needs no registry.
    let (status, _) = serving.get("/v1/trades/T-1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(site.records("trades-commands").is_empty());

    // It comes, and everything continues without a restart.
    let work = tokio::spawn(forward(socket.listen(64).unwrap(), real));
    serving.is_ready().await;
    serving.trade("T-1").await;
    // Numbers are asked for once: it may go again.
    work.abort();
    serving.trade("T-2").await;
    for topic in ["trades-commands", "trades-events", "positions-commands"] {
        let records = site.records(topic);
        let framed = |value| unframe(value).is_some();
        assert!(!records.is_empty());
        assert!(
            records
                .iter()
                .all(|record| framed(record.payload().unwrap()))
        );
    }
    serving.stop().await;
    site.discard().await;
}
