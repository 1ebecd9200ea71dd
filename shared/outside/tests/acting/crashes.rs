//! A crash at every step of a call, several times in one run, in a process of its own.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::desk::{Adapters, Desk, WITHIN};
use crate::server::{Reply, Server};

const FILE: &str = "ACTING_FILE";
const URL: &str = "ACTING_URL";
const PARKED: &str = "ACTING_PARKED";
const UPTO: &str = "ACTING_UPTO";

const ORDERS: u64 = 5;
/// Requests of each order that a run adds: more than the passes before its crash.
const ADDED: u64 = 3;
/// Runs that crash.
const CRASHES: u64 = 3;
/// Of a process that aborts.
const ABORT: i32 = 6;
/// The one whose calls are parked, where any are.
const BAD: &str = "O-1";

/// What the tests start as a process: it asks for everything, and ends once all of it is answered or
/// parked.
#[tokio::test(flavor = "multi_thread")]
async fn process_that_acts() {
    let (Ok(file), Ok(url)) = (env::var(FILE), env::var(URL)) else {
        return;
    };
    pipeline::crash::arm();
    let mut desk = Desk::calling(Adapters::on_file(Path::new(&file)), &url);
    desk.start();
    let upto = env::var(UPTO).unwrap().parse().unwrap();
    let requests = requests(upto);
    desk.request(requests.iter().map(|(order, n)| (&**order, *n)))
        .await;
    let bad = env::var(PARKED).is_ok();
    for order in orders().filter(|order| !bad || order != BAD) {
        desk.until_answered(&order, &numbers(upto)).await;
    }
    let waiting = usize::try_from(upto - 1).unwrap();
    let open = if bad { (1, waiting) } else { (0, 0) };
    desk.until_open(open.0, open.1).await;
    desk.stop().await;
}

fn orders() -> impl Iterator<Item = String> {
    (1..=ORDERS).map(|order| format!("O-{order}"))
}

fn numbers(upto: u64) -> Vec<u64> {
    (1..=upto).collect()
}

fn requests(upto: u64) -> Vec<(String, u64)> {
    let all = numbers(upto).into_iter();
    all.flat_map(|n| orders().map(move |order| (order, n)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_a_call_loses_nothing() {
    crashes_at("before-call").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_call_and_answer_loses_nothing() {
    crashes_at("called-not-settled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_the_command_is_in_the_log_loses_nothing() {
    crashes_at("answered-not-appended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_behind_the_command_brings_no_second() {
    crashes_at("appended-not-settled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_the_progress_brings_no_second_command() {
    crashes_at("settled-not-moved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_a_call_is_parked_loses_nothing() {
    parks_and_crashes_at("before-park").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_behind_a_parked_call_loses_nothing() {
    parks_and_crashes_at("parked-not-settled").await;
}

async fn crashes_at(point: &str) {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let file = folder.path().join("desk.db");
    let mut run = Run::new(&file, &server);
    for passes in 0..CRASHES {
        run.upto += ADDED;
        run.crashes(&format!("{point}={passes}*off->return")).await;
    }
    run.upto += ADDED;
    run.ends().await;
    let desk = Desk::calling(Adapters::on_file(&file), &server.url);
    is_exact(&desk, &server, run.upto).await;
}

/// The calls of one order are parked, and the process crashes there; then they are redriven, and it
/// crashes when their commands are in the log.
async fn parks_and_crashes_at(point: &str) {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let file = folder.path().join("desk.db");
    server.script(BAD, [Reply::Status(500, "")]);
    let mut run = Run::new(&file, &server);
    (run.upto, run.parked) = (ADDED, true);
    run.crashes(&format!("{point}=return")).await;
    run.ends().await;
    server.script(BAD, [Reply::Does]);
    let desk = Desk::calling(Adapters::on_file(&file), &server.url);
    let (_, first) = desk.open_calls().await.remove(0);
    assert_eq!((first.tries, desk.answered(BAD).await), (3, vec![]));
    desk.redrive_all().await;
    drop(desk);
    run.parked = false;
    for point in ["appended-not-settled=return", "before-call=1*off->return"] {
        run.crashes(point).await;
    }
    run.ends().await;
    let desk = Desk::calling(Adapters::on_file(&file), &server.url);
    is_exact(&desk, &server, run.upto).await;
}

/// How the process is run.
struct Run<'t> {
    file: &'t Path,
    server: &'t Server,
    /// The last request of each order.
    upto: u64,
    /// Whether the calls of one order are to be parked.
    parked: bool,
}

impl<'t> Run<'t> {
    fn new(file: &'t Path, server: &'t Server) -> Self {
        Self {
            file,
            server,
            upto: 0,
            parked: false,
        }
    }

    async fn crashes(&self, failpoints: &str) {
        let ended = self.run(failpoints).await;
        assert_eq!(ended.signal(), Some(ABORT), "{failpoints}");
    }

    async fn ends(&self) {
        assert!(self.run("").await.success());
    }

    async fn run(&self, failpoints: &str) -> ExitStatus {
        let mut process = Command::new(env::current_exe().unwrap());
        process
            .args(["--exact", "crashes::process_that_acts", "--nocapture"])
            .env(FILE, self.file)
            .env(URL, &self.server.url)
            .env(UPTO, self.upto.to_string())
            .env("FAILPOINTS", failpoints)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .kill_on_drop(true);
        if self.parked {
            process.env(PARKED, "1");
        }
        let ended = timeout(WITHIN + Duration::from_secs(30), process.status());
        ended.await.expect("it ends").unwrap()
    }
}

/// Every request is answered once and in order, by what the service said of it; every call came under
/// one key with one body, and behind those before it.
async fn is_exact(desk: &Desk, server: &Server, upto: u64) {
    assert_eq!(desk.parked_and_waiting().await, (0, 0));
    let answers = desk.answers().await;
    let mut said = HashMap::new();
    for (order, answers) in &answers {
        let given: Vec<_> = answers.iter().map(|(n, _)| *n).collect();
        assert_eq!(given, numbers(upto), "{order}");
        for (n, answer) in answers {
            assert_eq!(said.insert(answer, (order, n)), None, "{answer} twice");
        }
    }
    assert_eq!(answers.len(), usize::try_from(ORDERS).unwrap());
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    let mut calls: HashMap<String, (String, Vec<u8>)> = HashMap::new();
    for request in server.requests() {
        let (order, n) = (request.order(), request.n());
        let call = (format!("{order}/{n}"), request.body.clone());
        let known = calls.entry(request.key).or_insert_with(|| call.clone());
        assert_eq!(*known, call, "one key is one call");
        let done = done.entry(order).or_default();
        assert!(n <= *done + 1, "{n} came before {} was done", *done + 1);
        if request.is_done {
            *done = n.max(*done);
        }
    }
    let distinct = u64::try_from(calls.len()).unwrap();
    assert_eq!(distinct, ORDERS * upto, "one call is one key");
}
