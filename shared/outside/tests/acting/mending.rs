//! Calls that are given up and made again, by an effect that is mended and on Postgres; and calls that
//! are not made again.

use kernel::port::CallReason;
use testkit::servers::Servers;

use crate::desk::{Adapters, Desk, now};
use crate::orders::PANICS;
use crate::server::{Reply, Request, Server};

#[tokio::test(flavor = "multi_thread")]
async fn event_that_an_effect_panics_at_leads_to_its_call_once_the_effect_is_mended() {
    let server = Server::start().await;
    let mut desk = Desk::calling(Adapters::in_memory(), &server.url);
    desk.start();
    desk.request([("O-1", 1), ("O-1", PANICS), ("O-1", 2)])
        .await;
    desk.until_answered("O-1", &[1]).await;
    desk.until_open(1, 1).await;
    // In vain, as long as it is the same.
    desk.redrive_all().await;
    desk.until_open(1, 1).await;
    let (_, call) = desk.open_calls().await.remove(0);
    assert_eq!((call.reason, call.call), (CallReason::Panicked, None));
    desk.stop().await;
    desk.mended = true;
    desk.start();
    desk.redrive_all().await;
    desk.until_answered("O-1", &[1, PANICS, 2]).await;
    desk.until_open(0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_made_parked_and_redriven_on_postgres() {
    let (server, database) = (Server::start().await, Servers::shared().database().await);
    let adapters = Adapters::on_postgres(&database).await;
    let mut desk = Desk::calling(adapters, &server.url);
    server.script("O-1", [Reply::Status(500, "")]);
    desk.start();
    desk.request([("O-1", 1), ("O-1", 2), ("O-2", 1)]).await;
    desk.until_answered("O-2", &[1]).await;
    desk.until_open(1, 1).await;
    desk.stop().await;
    desk.start();
    desk.request([("O-1", 3), ("O-2", 2)]).await;
    desk.until_answered("O-2", &[1, 2]).await;
    desk.until_open(1, 2).await;
    assert_eq!(server.of("O-2").len(), 2, "the restart repeats nothing");
    server.script("O-1", [Reply::Does]);
    desk.redrive_all().await;
    desk.until_answered("O-1", &[1, 2, 3]).await;
    desk.until_open(0, 0).await;
    desk.stop().await;
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_is_answered_is_not_made_again_when_the_progress_is_lost() {
    let server = Server::start().await;
    let mut desk = Desk::calling(Adapters::in_memory(), &server.url);
    server.script("O-2", [Reply::Status(500, "")]);
    desk.start();
    desk.request([("O-1", 1), ("O-1", 2), ("O-2", 1)]).await;
    desk.until_answered("O-1", &[1, 2]).await;
    desk.until_open(1, 0).await;
    desk.stop().await;
    desk.lose_progress().await;
    desk.start();
    desk.request([("O-1", 3)]).await;
    desk.until_answered("O-1", &[1, 2, 3]).await;
    assert_eq!((server.of("O-1").len(), server.of("O-2").len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_before_an_effect_lead_to_no_call() {
    let server = Server::start().await;
    let mut desk = Desk::calling(Adapters::in_memory(), &server.url);
    desk.since = now().plus_millis(1);
    desk.start();
    desk.request([("O-1", 1)]).await;
    desk.adapters.pass_a_millisecond();
    desk.request([("O-1", 2)]).await;
    desk.until_answered("O-1", &[2]).await;
    let numbers: Vec<_> = server.of("O-1").iter().map(Request::n).collect();
    assert_eq!(numbers, [2]);
}
