//! Whatever the outside does, and whenever the platform is killed: every call is made, in order, and
//! comes back once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::effect::{Answer, Call, IdempotencyKey};
use kernel::port::{NoAnswer, Outside};
use serde_json::Value;
use testkit::eventually;
use tokio::runtime::Handle;

use crate::desk::{Adapters, Desk, WITHIN};

/// Orders and requests of each.
const ORDERS: usize = 4;
const REQUESTS: u64 = 6;
/// Runs, each of a seed of its own.
const RUNS: u64 = 12;

/// A service that draws what it does.
struct Drawing {
    draw: Mutex<u64>,
    /// Of a hundred calls, how many fail.
    failing: Mutex<u64>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The last number of each order that was done.
    done: BTreeMap<String, u64>,
    under_way: HashSet<String>,
    /// What was sent under each key.
    sent: HashMap<IdempotencyKey, Call>,
    wrong: Vec<String>,
}

impl Drawing {
    fn draw(&self, below: u64) -> u64 {
        let mut state = self.draw.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (*state >> 33) % below
    }

    fn begins(&self, order: &str, n: u64, call: &Call, key: IdempotencyKey) {
        let mut seen = self.seen.lock().unwrap();
        let done = seen.done.get(order).copied().unwrap_or_default();
        if n > done + 1 {
            seen.wrong
                .push(format!("{order}/{n} before {} was done", done + 1));
        }
        if !seen.under_way.insert(order.to_owned()) {
            seen.wrong.push(format!("{order}/{n} beside another"));
        }
        let sent = seen.sent.entry(key).or_insert_with(|| call.clone());
        if sent != call {
            seen.wrong
                .push(format!("{order}/{n} is another call under its key"));
        }
    }
}

/// A call that ends however it ends.
struct UnderWay<'d>(&'d Drawing, String);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.seen.lock().unwrap().under_way.remove(&self.1);
    }
}

#[async_trait]
impl Outside for Drawing {
    async fn perform(
        &self,
        call: &Call,
        key: IdempotencyKey,
        _: Duration,
    ) -> Result<Answer, NoAnswer> {
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        let (order, n) = (sent["order"].as_str().unwrap(), sent["n"].as_u64().unwrap());
        self.begins(order, n, call, key);
        let _under_way = UnderWay(self, order.to_owned());
        tokio::time::sleep(Duration::from_millis(self.draw(8))).await;
        let failing = *self.failing.lock().unwrap();
        let fails = self.draw(100) < failing;
        if !fails || self.draw(2) == 0 {
            let mut seen = self.seen.lock().unwrap();
            let done = seen.done.entry(order.to_owned()).or_default();
            *done = n.max(*done);
        }
        if fails && self.draw(4) == 0 {
            panic!("a defect of the adapter");
        }
        if fails {
            return Err(Fault::bare("bank", "answer").into());
        }
        Ok(Answer::Done(format!("done {n}").into()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_comes_back_once_and_in_order_whatever_fails_and_whenever_it_is_killed() {
    for seed in 0..RUNS {
        run(seed).await;
    }
}

async fn run(seed: u64) {
    let outside = Arc::new(Drawing {
        draw: Mutex::new(seed * 7_919 + 3),
        failing: Mutex::new(60),
        seen: Mutex::default(),
    });
    let mut desk = Desk::new(Adapters::in_memory(), Arc::clone(&outside) as _);
    desk.settings.open_max = 3;
    desk.settings.in_flight_max = 2;
    desk.start();
    for n in 1..=REQUESTS {
        let orders: Vec<_> = (1..=ORDERS).map(|order| format!("O-{order}")).collect();
        desk.request(orders.iter().map(|order| (&**order, n))).await;
        tokio::time::sleep(Duration::from_millis(outside.draw(30))).await;
        match outside.draw(3) {
            0 => {
                desk.kill().await;
                // What is aborted ends a moment later.
                let runtime = Handle::current().metrics();
                eventually("the tasks to end", WITHIN, async || {
                    (runtime.num_alive_tasks() == 0).then_some(())
                })
                .await;
            }
            1 => desk.stop().await,
            _ => continue,
        }
        desk.redrive_all().await;
        desk.start();
    }
    *outside.failing.lock().unwrap() = 0;
    let all: Vec<_> = (1..=REQUESTS).collect();
    eventually(&format!("all answers of seed {seed}"), WITHIN, async || {
        desk.redrive_all().await;
        let answers = desk.answers().await;
        let given = answers
            .values()
            .map(|of| of.iter().map(|(n, _)| *n).collect::<Vec<_>>());
        (answers.len() == ORDERS && given.into_iter().all(|given| given == all)).then_some(())
    })
    .await;
    desk.until_open(0, 0).await;
    desk.stop().await;
    let seen = outside.seen.lock().unwrap();
    assert_eq!(seen.wrong, Vec::<String>::new(), "seed {seed}");
    assert_eq!(seen.sent.len(), ORDERS * all.len(), "seed {seed}");
}
