//! What is bounded: how much a crash repeats, how many calls are under way, and how many keys wait.

use std::time::Duration;

use kernel::topic::partition_of;
use testkit::contract::PARTITIONS;
use testkit::eventually;

use crate::desk::{Adapters, Desk, WITHIN, ann};
use crate::server::{Reply, Server};

/// Orders of one partition.
fn orders() -> impl Iterator<Item = String> {
    let all = (1..).map(|n| format!("O-{n}"));
    all.filter(|order| partition_of(format!("demo/{order}").as_bytes(), PARTITIONS) == 0)
}

/// A platform in memory whose first order is never answered.
async fn behind_one_that_hangs() -> (Server, Desk, Vec<String>) {
    let server = Server::start().await;
    let mut desk = Desk::calling(Adapters::in_memory(), &server.url);
    desk.guard.timeout = Duration::from_secs(60);
    desk.settings.deadline = Duration::from_secs(60);
    let orders: Vec<_> = orders().take(12).collect();
    server.script(&orders[0], [Reply::DoesAndHangs]);
    (server, desk, orders)
}

async fn until_called(server: &Server, times: usize) {
    eventually("the calls", WITHIN, async || {
        (server.requests().len() >= times).then_some(())
    })
    .await;
}

/// Long enough for what must not happen.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_repeats_no_more_calls_than_may_be_open() {
    let (server, mut desk, orders) = behind_one_that_hangs().await;
    desk.settings.open_max = 4;
    desk.start();
    for order in &orders {
        desk.request([(&**order, 1)]).await;
        a_while().await;
    }
    until_called(&server, 4).await;
    a_while().await;
    assert_eq!(server.requests().len(), 4, "the others wait for the first");
    desk.kill().await;
    server.script(&orders[0], [Reply::Does]);
    desk.start();
    for order in &orders {
        desk.until_answered(order, &[1]).await;
    }
    assert!(server.requests().len() <= orders.len() + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_are_under_way_than_may_be() {
    let (server, mut desk, orders) = behind_one_that_hangs().await;
    desk.settings.in_flight_max = 2;
    server.script(&orders[1], [Reply::DoesAndHangs]);
    desk.start();
    desk.request(orders.iter().map(|order| (&**order, 1))).await;
    until_called(&server, 2).await;
    a_while().await;
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn partition_stands_while_too_many_keys_wait_and_goes_on_when_they_do_not() {
    let (server, mut desk, orders) = behind_one_that_hangs().await;
    desk.settings.held_keys_max = 2;
    desk.settings.tries_max = 1;
    for order in &orders[..2] {
        server.script(order, [Reply::Status(500, "")]);
    }
    desk.start();
    desk.request(orders[..2].iter().map(|order| (&**order, 1)))
        .await;
    desk.until_open(2, 0).await;
    desk.request([(&*orders[2], 1)]).await;
    eventually("the standstill", WITHIN, async || {
        let mut seen = desk
            .movement
            .seen()
            .into_iter()
            .filter_map(|seen| seen.stands);
        seen.find(|stands| stands.why.contains("2 keys wait behind parked calls"))
    })
    .await;
    assert!(server.of(&orders[2]).is_empty());
    for (at, call) in desk.open_calls().await {
        let discarded = desk.redriver().discard(at, call.place, &ann()).await;
        assert!(discarded.unwrap());
    }
    desk.until_answered(&orders[2], &[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_was_discarded_is_not_made_when_its_event_comes_again() {
    let (server, mut desk, orders) = behind_one_that_hangs().await;
    desk.settings.tries_max = 1;
    server.script(&orders[1], [Reply::Status(500, "")]);
    desk.start();
    // The first holds the progress up.
    desk.request(orders[..2].iter().map(|order| (&**order, 1)))
        .await;
    desk.until_open(1, 0).await;
    let (at, call) = desk.open_calls().await.remove(0);
    let discarded = desk.redriver().discard(at, call.place, &ann()).await;
    assert!(discarded.unwrap());
    desk.kill().await;
    server.script(&orders[0], [Reply::Does]);
    server.script(&orders[1], [Reply::Does]);
    desk.start();
    desk.request([(&*orders[1], 2)]).await;
    desk.until_answered(&orders[0], &[1]).await;
    desk.until_answered(&orders[1], &[2]).await;
    assert_eq!(
        server.of(&orders[1]).len(),
        2,
        "once before, and the second"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_in_another_process_when_one_ends() {
    let (server, mut one, orders) = behind_one_that_hangs().await;
    server.script(&orders[0], [Reply::Status(503, ""), Reply::Does]);
    let mut other = Desk::calling(one.adapters.clone(), &server.url);
    one.start();
    other.start();
    for n in 1..=8 {
        one.request(orders.iter().map(|order| (&**order, n))).await;
        match n {
            3 => other.stop().await,
            4 => other.start(),
            6 => one.kill().await,
            _ => {}
        }
    }
    let all: Vec<_> = (1..=8).collect();
    for order in &orders {
        other.until_answered(order, &all).await;
    }
    assert_eq!(other.parked_and_waiting().await, (0, 0));
}
