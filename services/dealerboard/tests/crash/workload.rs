//! A fixed list of commands, drawn from a seed: bookings, fills, corrections, busts and cancels, a
//! fifth of them sent twice.

use std::sync::Arc;

use bytes::Bytes;
use http::signature::{Keyring, Secret};
use kernel::Timestamp;
use kernel::id::CommandId;
use kernel::port::{Authority, NewRecord, Record, Sender};
use kernel::topic::{self, partition_of};
use pipeline::accept::{Request, Sealer};
use serde_json::json;
use serde_json::value::to_raw_value;
use testkit::ManualClock;
use uuid::Uuid;

use crate::site::{NoIds, PARTITIONS, SECRET};

/// Of the list and of every moment that a test picks; printed with each difference.
pub(crate) const SEED: u64 = 0x0da1_e5b0_a2d0_0001;
/// Records in the list, repeats among them.
pub(crate) const RECORDS: usize = 2_000;
const TRADES: usize = 160;
/// Of five records one is a repeat.
const REPEATED: u64 = 5;
/// How far back a repeat may lie: some within the same batch, some long durable.
const REPEAT_REACH: usize = 300;
/// 7 October 2013, 13:30 UTC, in milliseconds.
const OPENING: i64 = 1_381_152_600_000;

/// Numbers from a seed (splitmix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A place in a list.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a usize")
    }
}

/// The list for an installation with this prefix, signed as its gateway signs; but for the signatures
/// the same bytes every time.
pub(crate) fn records(prefix: &str) -> Vec<NewRecord> {
    let mut draw = Draw(SEED);
    let mut fills = vec![0; TRADES];
    let sealer = sealer(prefix);
    let mut records: Vec<NewRecord> = Vec::with_capacity(RECORDS);
    while records.len() < RECORDS {
        let number = records.len();
        if number > 0 && draw.below(REPEATED) == 0 {
            let back = 1 + draw.index(REPEAT_REACH.min(number));
            records.push(records[number - back].clone());
            continue;
        }
        let trade = draw.index(TRADES);
        let (kind, data) = command(trade, &mut fills[trade], &mut draw);
        records.push(record(&sealer, number, trade, kind, &data));
    }
    records
}

/// As many trades booked, each by a command of its own.
pub(crate) fn bookings(prefix: &str, count: usize) -> Vec<NewRecord> {
    let (mut draw, sealer) = (Draw(SEED), sealer(prefix));
    let mut book = |trade| record(&sealer, trade, trade, "BookTrade", &terms(trade, &mut draw));
    (0..count).map(&mut book).collect()
}

/// The next command of a trade; the first one books it. Some are refused: that is an outcome, too.
fn command(trade: usize, fills: &mut u64, draw: &mut Draw) -> (&'static str, serde_json::Value) {
    if *fills == 0 {
        *fills = 1;
        return ("BookTrade", terms(trade, draw));
    }
    let known = 1 + draw.below(*fills);
    let values = |exec: u64, draw: &mut Draw| {
        json!({
            "exec_id": format!("E-{trade}-{exec}"),
            "quantity": (1 + draw.below(60)).to_string(),
            "price": format!("181.{:02}", draw.below(100)),
            "fee": format!("0.{:02}", draw.below(100)),
        })
    };
    match draw.below(20) {
        0..=1 => ("CorrectFill", values(known, draw)),
        2 => (
            "BustFill",
            json!({ "exec_id": format!("E-{trade}-{known}") }),
        ),
        3 => ("CancelTrade", json!({})),
        _ => {
            let mut fill = values(*fills, draw);
            *fills += 1;
            fill["traded_at"] = json!(at(*fills as i64).to_string());
            ("RecordFill", fill)
        }
    }
}

/// Every position is fed by trades of one partition alone, so that the order of its fills, and with
/// it its every byte, is the same in every run.
fn terms(trade: usize, draw: &mut Draw) -> serde_json::Value {
    let partition = partition_of(key(trade).as_bytes(), PARTITIONS);
    let one_of = |draw: &mut Draw, two: [&'static str; 2]| two[usize::from(draw.below(2) == 1)];
    json!({
        "account": format!("ACC-{partition}-{}", trade % 3),
        "book": "AGENCY",
        "instrument": one_of(draw, ["IBM", "MSFT"]),
        "side": one_of(draw, ["BUY", "SELL"]),
        "quantity": (100 + draw.below(200)).to_string(),
        "price": "181.52",
        "currency": "USD",
        "traded_at": at(0).to_string(),
    })
}

fn key(trade: usize) -> Arc<str> {
    format!("demo/T-{trade}").into()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(OPENING + second * 1_000)
}

fn record(
    sealer: &Sealer,
    number: usize,
    trade: usize,
    kind: &str,
    data: &serde_json::Value,
) -> NewRecord {
    let (tenant, aggregate) = topic::split_key(&key(trade)).unwrap();
    // A second person corrects or busts a fill.
    let actor = match kind {
        "CorrectFill" | "BustFill" => "middle-office",
        _ => "desk",
    };
    let id = CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_le_bytes()));
    let request = Request {
        context: "trades",
        tenant: &tenant,
        actor: &actor.parse().unwrap(),
        identity: None,
        aggregate: &aggregate,
        id: Some(id),
        kind,
        data: &to_raw_value(data).unwrap(),
        expected_version: None,
        correlation: None,
        causation: None,
    };
    sealer.seal_at(request, None, at(number as i64)).unwrap().1
}

fn sealer(prefix: &str) -> Sealer {
    let secret = Secret::new(SECRET.to_vec()).unwrap();
    Sealer {
        authority: Arc::new(Gateway {
            ring: Keyring::new("local", &secret).unwrap(),
            prefix: prefix.to_owned(),
        }),
        clock: Arc::new(ManualClock::default()),
        ids: Arc::new(NoIds),
        framing: None,
    }
}

/// Signs for the topics of one installation.
struct Gateway {
    ring: Keyring,
    prefix: String,
}

impl Authority for Gateway {
    fn sign(&self, context: &str, key: &[u8], value: &[u8]) -> Bytes {
        let topic = topic::commands(&self.prefix, context);
        self.ring.sign(&topic, key, value).into()
    }

    fn sender(&self, _: &str, _: &Record) -> Option<Sender> {
        unreachable!("nothing is read here")
    }
}
