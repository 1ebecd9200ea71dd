//! What is logged of trouble: each kind a few times, and then by count.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use testkit::eventually;
use testkit::process::Process;

use crate::site::{WAIT, binary, folder, lines, serves, stopped};

/// What no client that speaks HTTP sends.
const GARBAGE: [&[u8]; 6] = [
    b"GARBAGE\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /v1/trades HTTP/1.1\r\ncontent-length: abc\r\n\r\n",
    b"POST /v1/trades HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
];
/// Longest wait for the answer to garbage.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Lines that an outage may take while it is new.
const LINES_MAX: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_of_callers_is_no_error_of_ours() {
    let folder = folder();
    let process = Process::start(&mut binary(folder.path(), &["serve"]), folder.path());
    let line = serves(&process).await;
    let address = line["address"].as_str().unwrap();
    let long = [b"GET /".as_slice(), &[b'a'; 200_000], b" HTTP/1.1\r\n\r\n"].concat();
    for garbage in GARBAGE.into_iter().chain([long.as_slice()]) {
        let mut caller = TcpStream::connect(address).unwrap();
        caller.set_read_timeout(Some(ANSWER_WAIT)).unwrap();
        // The server may hang up before it has read all of it.
        let sent = caller.write_all(garbage);
        let mut answer = [0; 12];
        let read = caller.read(&mut answer);
        let refused = answer.starts_with(b"HTTP/1.1 4");
        assert!(refused || sent.is_err() || read.is_err(), "{answer:?}");
    }
    let log = stopped(process).await;
    assert_eq!(lines(&log).len(), 3, "{log}");
}

/// Nothing listens on port 1: the client of the broker logs that hundreds of times a second.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_away_are_logged_by_count() {
    let folder = folder();
    let keys = folder.path().join("var/keys");
    testkit::keys::write(&keys, &[1; 32]);
    let mut serve = binary(folder.path(), &["serve"]);
    serve
        .env("DEALERBOARD__STORAGE__MODE", "production")
        .env("DEALERBOARD__KAFKA__BROKERS", "127.0.0.1:1")
        .env("DEALERBOARD__POSTGRES__URL", "postgres://127.0.0.1:1/none")
        .env("DEALERBOARD__REDIS__URL", "redis://127.0.0.1:1");
    let process = Process::start(&mut serve, folder.path());
    let counted = |log: &str| {
        let counts = lines(log)
            .into_iter()
            .filter_map(|line| line["count"].as_u64());
        counts.sum::<u64>()
    };
    eventually("lines to be counted", WAIT, async || {
        (counted(&process.log()) > 100).then_some(())
    })
    .await;
    let log = process.log();
    assert!(lines(&log).len() <= LINES_MAX, "{log}");
    assert!(!log.contains("panicked"), "{log}");
    // The rest is logged at the end, and no line twice.
    let log = stopped(process).await;
    assert!(counted(&log) > 100, "{log}");
}
