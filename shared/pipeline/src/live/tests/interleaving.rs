//! Whatever the order in which things are told, read, cut and resumed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::LiveSettings;
use super::desk::{Desk, Reader, Seen, settings};
use super::forgetful;

const TENANTS: [&str; 2] = ["demo", "other"];
const ACCOUNTS: [&str; 3] = ["A", "B", "C"];

#[derive(Clone, Debug)]
enum Step {
    Tell(usize, usize, usize),
    Open(usize, Option<usize>),
    /// So many frames.
    Read(usize, usize),
    /// The connection breaks; whatever was not read is lost.
    Cut(usize),
    Resume(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2_usize, 0..4_usize, 0..3_usize)
            .prop_map(|(tenant, trade, account)| Step::Tell(tenant, trade, account)),
        1 => (0..2_usize, prop::option::of(0..3_usize))
            .prop_map(|(tenant, account)| Step::Open(tenant, account)),
        3 => (0..5_usize, 1..6_usize).prop_map(|(client, frames)| Step::Read(client, frames)),
        1 => (0..5_usize).prop_map(Step::Cut),
        1 => (0..5_usize).prop_map(Step::Resume),
    ]
}

/// A screen: it reads the list at `hello` and `reset`, and keeps it current by the stream.
struct Client {
    tenant: &'static str,
    account: Option<&'static str>,
    reader: Option<Reader>,
    last_id: Option<String>,
    shown: BTreeMap<String, Seen>,
    /// Every change that came, and the last of each key on this connection.
    came: Vec<(String, u64)>,
    on_connection: BTreeMap<String, u64>,
    /// Changes of before, which the list showed.
    began_at: BTreeMap<String, u64>,
    resets: usize,
}

impl Client {
    fn open(desk: &Desk, tenant: &'static str, account: Option<&'static str>) -> Self {
        let all = desk.list(tenant, None).into_iter();
        let mut client = Self {
            tenant,
            account,
            reader: Some(desk.open(tenant, account)),
            last_id: None,
            shown: BTreeMap::new(),
            came: Vec::new(),
            on_connection: BTreeMap::new(),
            began_at: all.map(|(trade, seen)| (trade, seen.version)).collect(),
            resets: 0,
        };
        client.read(desk, 1);
        client
    }

    fn read(&mut self, desk: &Desk, frames: usize) {
        for _ in 0..frames {
            let Some(reader) = &mut self.reader else {
                return;
            };
            let Some(frame) = reader.next() else {
                return;
            };
            self.last_id.clone_from(&reader.last_id);
            match frame.event.as_str() {
                "hello" if frame.data["resumed"] == true => {}
                "hello" => self.shown = desk.list(self.tenant, self.account),
                "reset" => {
                    self.resets += 1;
                    self.shown = desk.list(self.tenant, self.account);
                }
                "trades" => {
                    let (trade, version) = frame.change();
                    let account = frame.data["account"].as_str().unwrap();
                    self.show(trade, version, account);
                }
                other => panic!("{other}"),
            }
        }
    }

    fn show(&mut self, trade: &str, version: u64, account: &str) {
        let before = self.on_connection.insert(trade.to_owned(), version);
        assert!(before < Some(version), "{trade} {before:?} {version}");
        self.came.push((trade.to_owned(), version));
        if self
            .shown
            .get(trade)
            .is_some_and(|seen| seen.version > version)
        {
            return;
        }
        let fits = self.account.is_none_or(|asked| asked == account);
        let seen = Seen {
            version,
            account: account.to_owned(),
        };
        if fits {
            self.shown.insert(trade.to_owned(), seen);
        } else {
            self.shown.remove(trade);
        }
    }

    fn cut(&mut self) {
        self.reader = None;
        self.on_connection.clear();
    }

    fn resume(&mut self, desk: &Desk) {
        if self.reader.is_none() {
            let last_id = self.last_id.as_deref();
            let resumed = desk.resume(self.tenant, self.account, last_id);
            self.reader = Some(resumed.unwrap());
        }
    }

    /// Changes that it had to be told, as the history has them.
    fn due(&self, desk: &Desk) -> Vec<(String, u64)> {
        let mut due = Vec::new();
        for change in desk.history.lock().unwrap().iter().flatten() {
            let read = |body: &[u8]| -> serde_json::Value { serde_json::from_slice(body).unwrap() };
            let fits = |body: &[u8]| {
                self.account
                    .is_none_or(|asked| read(body)["account"] == asked)
            };
            let is_seen =
                fits(&change.body) || change.before.as_ref().is_some_and(|body| fits(body));
            let value = read(&change.body);
            let trade = value["trade_id"].as_str().unwrap().to_owned();
            let version = value["version"].as_u64().unwrap();
            let is_later = self
                .began_at
                .get(&trade)
                .is_none_or(|began| *began < version);
            if change.tenant() == self.tenant && is_seen && is_later {
                due.push((trade, version));
            }
        }
        due
    }
}

fn run(bounds: LiveSettings, steps: Vec<Step>) -> (Desk, Vec<Client>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut desk = Desk::new(bounds);
    let mut clients = vec![Client::open(&desk, TENANTS[0], None)];
    for step in steps {
        let known = clients.len();
        match step {
            Step::Tell(tenant, trade, account) => {
                desk.tell(TENANTS[tenant], trade, ACCOUNTS[account]);
            }
            Step::Open(tenant, account) => {
                let account = account.map(|account| ACCOUNTS[account]);
                clients.push(Client::open(&desk, TENANTS[tenant], account));
            }
            Step::Read(client, frames) => clients[client % known].read(&desk, frames),
            Step::Cut(client) => clients[client % known].cut(),
            Step::Resume(client) => clients[client % known].resume(&desk),
        }
    }
    for client in &mut clients {
        client.resume(&desk);
        client.read(&desk, usize::MAX);
    }
    (desk, clients)
}

/// The screen was told a value that fits from the store, and cut before it was told the next one.
#[test]
fn screen_that_is_cut_among_what_it_missed_shows_what_lists_do() {
    use Step::{Cut, Open, Read, Tell};
    let others = || [Tell(0, 2, 0), Tell(0, 0, 0)];
    let mut steps = vec![Open(1, Some(1)), Tell(1, 0, 1)];
    steps.push(Tell(0, 2, 0));
    steps.push(Tell(1, 0, 0));
    steps.extend(others());
    steps.extend([Read(1, 1), Cut(1)]);
    steps.extend(others());
    let (desk, clients) = run(forgetful(), steps);
    assert_eq!(
        clients[1].came,
        [("T-0".to_owned(), 1), ("T-0".to_owned(), 2)]
    );
    assert_eq!(clients[1].shown, desk.list(TENANTS[1], Some(ACCOUNTS[1])));
}

proptest! {
    #[test]
    fn every_change_comes_and_screens_show_what_lists_do(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (desk, clients) = run(settings(), steps);
        for client in clients {
            prop_assert_eq!(&client.shown, &desk.list(client.tenant, client.account));
            for due in client.due(&desk) {
                prop_assert!(client.came.contains(&due), "{:?} of {:?}", due, client.came);
            }
            for (trade, version) in &client.came {
                let own = desk.list(client.tenant, None);
                prop_assert!(own.get(trade).is_some_and(|seen| seen.version >= *version));
            }
            prop_assert_eq!(client.resets, 0);
        }
    }

    #[test]
    fn screens_show_what_lists_do_when_memory_is_short(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (desk, clients) = run(forgetful(), steps);
        for client in clients {
            prop_assert_eq!(&client.shown, &desk.list(client.tenant, client.account));
        }
    }
}
