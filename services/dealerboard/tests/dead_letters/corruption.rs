//! Bytes of the embedded file that change on the disk: what is served from it is right, or refused by name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use testkit::eventually;
use testkit::platform::address;
use testkit::process::{Process, Signal};

use crate::damage::Draw;
use crate::desk::Desk;
use crate::record::{booking, command_id, fill};

/// Trades of the installation.
const TRADES: u128 = 40;
/// Flips of one run; others are tried by naming more in the environment.
const FLIPS: u64 = 25;
const FLIPS_WANTED: &str = "DEALERBOARD_TEST_FLIPS";
const WITHIN: Duration = Duration::from_secs(30);

/// What is asked, and what is answered.
type Answers = BTreeMap<String, String>;

/// An installation that serves, or that has refused to.
struct Served {
    process: RefCell<Process>,
    url: String,
    token: String,
    client: Client,
}

impl Served {
    /// Why it does not serve, if it does not.
    async fn start(desk: &Desk, folder: &Path) -> Result<Self, String> {
        let token = desk.command(&["token"]).output().unwrap();
        let process = RefCell::new(Process::start(&mut desk.command(&["serve"]), folder));
        let serves = async || {
            if let Some(status) = process.borrow_mut().ended() {
                assert_eq!(status.code(), Some(2), "{}", process.borrow().log());
                return Some(None);
            }
            address(&process.borrow().log()).map(Some)
        };
        let Some(address) = eventually("it to serve, or to refuse", WITHIN, serves).await else {
            return Err(process.borrow().log());
        };
        let served = Self {
            process,
            url: format!("http://{address}"),
            token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
            client: Client::new(),
        };
        Ok(served)
    }

    /// The body, or none when it is refused.
    async fn ask(&self, path: &str) -> Option<String> {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert!(body.contains("no store can answer now: "), "{path}: {body}");
            return None;
        }
        Some(format!("{status} {body}"))
    }

    async fn stop(self) -> String {
        self.process.borrow().signal(Signal::Terminate);
        let ended = async || self.process.borrow_mut().ended();
        eventually("the process to end", WITHIN, ended).await;
        self.process.borrow().log()
    }
}

fn questions() -> Vec<String> {
    let trades = (0..TRADES).map(|trade| format!("/v1/trades/T-{trade}"));
    let commands = (0..2 * TRADES).map(|n| format!("/v1/commands/{}", command_id(100 + n)));
    let past = (0..TRADES).map(|trade| format!("/v1/trades/T-{trade}?as_of=2026-01-05T00:00:00Z"));
    let lists = ["/v1/trades?limit=200", "/v1/positions?limit=200"].map(str::to_owned);
    trades.chain(commands).chain(past).chain(lists).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn file_with_changed_bytes_is_refused_at_the_start_or_serves_what_is_sound() {
    let records = (0..TRADES).flat_map(|trade| {
        let name = format!("T-{trade}");
        [
            booking(100 + 2 * trade, &name),
            fill(101 + 2 * trade, &name),
        ]
    });
    let desk = Desk::with(records.collect()).await;
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&desk, folder.path()).await.unwrap();
    let mut truth = Answers::new();
    for question in questions() {
        let found = async || {
            served
                .ask(&question)
                .await
                .filter(|found| found.starts_with("200"))
        };
        let answer = eventually(&question, WITHIN, found).await;
        truth.insert(question, answer);
    }
    served.stop().await;
    let sum = PathBuf::from(format!("{}-sum", desk.file().display()));
    let (sound, sum_of_it) = (fs::read(desk.file()).unwrap(), fs::read(&sum).unwrap());
    let wanted = std::env::var(FLIPS_WANTED).ok();
    let wanted = wanted.map_or(FLIPS, |wanted| wanted.parse().unwrap());
    let mut serving = 0;
    for draw in 0..wanted {
        let (what, bytes) = flipped(&sound, &mut Draw(draw));
        fs::write(desk.file(), &bytes).unwrap();
        fs::write(&sum, &sum_of_it).unwrap();
        let checked = desk.command(&["verify"]).output().unwrap();
        let text = crate::desk::text(&checked);
        assert!(!text.contains("panicked"), "{what}: {text}");
        fs::write(desk.file(), &bytes).unwrap();
        fs::write(&sum, &sum_of_it).unwrap();
        let served = match Served::start(&desk, folder.path()).await {
            Err(log) => {
                assert!(log.contains("dealerboard: "), "{what}: {log}");
                // What is refused at the start, the check names as well.
                assert!(
                    matches!(checked.status.code(), Some(1 | 2)),
                    "{what}: {text} {log}"
                );
                continue;
            }
            Ok(served) => served,
        };
        serving += 1;
        for (question, right) in &truth {
            let is_right = async || match served.ask(question).await {
                None => Some(()),
                Some(answer) => (answer == *right).then_some(()),
            };
            eventually(&format!("{what}: {question}"), WITHIN, is_right).await;
        }
        let log = served.stop().await;
        assert!(!log.contains("panicked"), "{what}: {log}");
    }
    assert!(
        (1..wanted).contains(&serving),
        "{serving} of {wanted} served"
    );
}

fn flipped(sound: &[u8], draw: &mut Draw) -> (String, Vec<u8>) {
    let mut bytes = sound.to_vec();
    let place = usize::try_from(draw.below(bytes.len() as u64)).unwrap();
    let mask = u8::try_from(1 + draw.below(255)).unwrap();
    bytes[place] ^= mask;
    (format!("byte {place} by {mask:#04x}"), bytes)
}
