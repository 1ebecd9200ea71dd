//! A service on a port of its own, which does what a test says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// It does the call, or says again what it said under the same key.
    Does,
    Status(u16, &'static str),
    /// It does the call, and the connection ends before the answer.
    DoesAndBreaks,
    /// It does the call, and never answers.
    DoesAndHangs,
    /// It does the call, and answers with so many bytes.
    DoesAtLength(usize),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
    /// Whether the call was done by then.
    pub(crate) is_done: bool,
}

impl Request {
    pub(crate) fn order(&self) -> String {
        self.json()["order"].as_str().unwrap().to_owned()
    }

    pub(crate) fn n(&self) -> u64 {
        self.json()["n"].as_u64().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Ends with the value.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    _tasks: Arc<JoinSet<()>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    /// What it did, by key.
    done: HashMap<String, String>,
    /// The next replies for an order, then the last of them for good.
    scripts: HashMap<String, VecDeque<Reply>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bank/", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let mut tasks = JoinSet::new();
        let serving = Arc::clone(&state);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&serving)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            url,
            state,
            _tasks: Arc::new(tasks),
        }
    }

    /// What becomes of the next requests for an order: of each one, and of all behind the last.
    pub(crate) fn script(&self, order: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.lock().scripts.insert(order.to_owned(), replies);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Requests for an order.
    pub(crate) fn of(&self, order: &str) -> Vec<Request> {
        let all = self.requests().into_iter();
        all.filter(|request| request.order() == order).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn take(&mut self, mut request: Request) -> (Reply, String) {
        let script = self.scripts.get_mut(&request.order());
        let reply = script.map_or(Reply::Does, |script| match script.len() {
            0 => Reply::Does,
            1 => script[0].clone(),
            _ => script.pop_front().unwrap(),
        });
        let mut said = String::new();
        request.is_done = !matches!(reply, Reply::Status(..));
        if request.is_done {
            let number = self.done.len() + 1;
            let done = self.done.entry(request.key.clone());
            said = done.or_insert_with(|| format!("receipt {number}")).clone();
        }
        self.requests.push(request);
        (reply, said)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = read(&mut stream).await {
        let (reply, said) = state.lock().unwrap().take(request);
        let (status, body) = match reply {
            Reply::Does => (200, said),
            Reply::Status(status, body) => (status, body.to_owned()),
            Reply::DoesAtLength(length) => (200, "x".repeat(length)),
            Reply::DoesAndBreaks => return,
            Reply::DoesAndHangs => return std::future::pending().await,
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One request; none when the connection has ended.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        path,
        key: headers["idempotency-key"].clone(),
        body: bytes[head..].to_vec(),
        is_done: false,
    })
}
