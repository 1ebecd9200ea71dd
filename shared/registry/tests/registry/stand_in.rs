//! A registry with scripted answers.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Answers each request with the next of its answers, then repeats the last one.
pub(crate) struct StandIn {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
}

/// Status and body.
pub(crate) type Answer = (u16, &'static str);

/// A schema that admits any JSON object.
pub(crate) const SCHEMA: Answer = (
    200,
    r#"{"schemaType":"JSON","schema":"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"type\":\"object\"}"}"#,
);

/// Confluent's answer for a number it does not know.
pub(crate) const UNKNOWN: Answer = (
    404,
    r#"{"error_code":40403,"message":"Schema 7 not found."}"#,
);

impl StandIn {
    #[expect(
        clippy::disallowed_methods,
        reason = "they end with the process, as the listener does"
    )]
    pub(crate) fn answering(answers: impl Into<VecDeque<Answer>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answers) = (Arc::clone(&asked), Arc::new(Mutex::new(answers.into())));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = next(&mut answers.lock().unwrap());
                thread::spawn(move || reply(stream, answer));
            }
        });
        Self { url, asked }
    }

    /// Requests so far; each comes on a connection of its own.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn next(answers: &mut VecDeque<Answer>) -> Answer {
    match answers.len() {
        1 => answers[0],
        _ => answers.pop_front().expect("a stand-in has an answer"),
    }
}

fn reply(mut stream: TcpStream, (status, body): Answer) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while request.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    request.read_exact(&mut vec![0; length])?;
    let size = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Any\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n{body}"
    )
}
