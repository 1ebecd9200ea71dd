//! What a call comes to when the service fails, hangs, refuses, or answers what cannot be used.

use std::collections::HashSet;
use std::time::Duration;

use kernel::port::{CallReason, CallState};
use resilience::{BreakerConfig, WindowSpan};
use tempfile::TempDir;
use testkit::eventually;

use crate::desk::{Adapters, Desk, WITHIN, ann};
use crate::orders::{LONG, PANICS};
use crate::server::{Reply, Request, Server};

/// A service, and a platform on a file that calls it.
struct Site {
    server: Server,
    desk: Desk,
    _folder: TempDir,
}

impl Site {
    async fn new() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
        let adapters = Adapters::on_file(&folder.path().join("desk.db"));
        let desk = Desk::calling(adapters, &server.url);
        Self {
            server,
            desk,
            _folder: folder,
        }
    }

    async fn start() -> Self {
        let mut site = Self::new().await;
        site.desk.start();
        site
    }
}

/// Under one key, with one body.
fn is_one_call(requests: &[Request]) {
    let keys: HashSet<_> = requests.iter().map(|request| &request.key).collect();
    let bodies: HashSet<_> = requests.iter().map(|request| &request.body).collect();
    assert_eq!((keys.len(), bodies.len()), (1, 1), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_comes_back_as_one_command_under_the_id_of_the_call() {
    let mut site = Site::start().await;
    site.desk.request([("O-1", 1)]).await;
    site.desk.until_answered("O-1", &[1]).await;
    let requests = site.server.of("O-1");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/bank/v1/orders");
    let answers = site.desk.answers().await;
    assert_eq!(answers["O-1"], [(1, "receipt 1".to_owned())]);
    site.desk.stop().await;
    assert_eq!(site.desk.parked_and_waiting().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_fails_is_tried_again_under_the_same_key() {
    let site = Site::start().await;
    let fails = [Reply::Status(500, ""), Reply::Status(503, ""), Reply::Does];
    site.server.script("O-1", fails);
    site.desk.request([("O-1", 1), ("O-1", 2)]).await;
    site.desk.until_answered("O-1", &[1, 2]).await;
    let requests = site.server.of("O-1");
    is_one_call(&requests[..3]);
    let order: Vec<_> = requests.iter().map(Request::n).collect();
    assert_eq!(order, [1, 1, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn call_whose_answer_is_lost_or_late_is_answered_again_and_comes_back_once() {
    let site = Site::start().await;
    let lost = [Reply::DoesAndBreaks, Reply::DoesAndHangs, Reply::Does];
    site.server.script("O-1", lost);
    site.desk.request([("O-1", 1), ("O-1", 2)]).await;
    site.desk.until_answered("O-1", &[1, 2]).await;
    let requests = site.server.of("O-1");
    is_one_call(&requests[..3]);
    assert!(requests.iter().all(|request| request.is_done));
    let answers = site.desk.answers().await;
    assert_eq!(answers["O-1"][0], (1, "receipt 1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn order_that_hangs_holds_up_no_other_order() {
    let site = Site::start().await;
    site.server.script("O-1", [Reply::DoesAndHangs]);
    let requests = (2..50).map(|n| (format!("O-{n}"), 1));
    let requests: Vec<_> = [("O-1".to_owned(), 1)]
        .into_iter()
        .chain(requests)
        .collect();
    site.desk
        .request(requests.iter().map(|(order, n)| (&**order, *n)))
        .await;
    for (order, _) in &requests[1..] {
        site.desk.until_answered(order, &[1]).await;
    }
    site.desk.until_open(1, 0).await;
    let (_, call) = site.desk.open_calls().await.remove(0);
    assert_eq!((call.reason, call.tries), (CallReason::LastTry, 3));
    assert!(call.detail.contains("did not answer"), "{}", call.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_is_an_answer_and_is_not_tried_again() {
    let site = Site::start().await;
    let refuses = [Reply::Status(422, "no such account"), Reply::Does];
    site.server.script("O-1", refuses);
    site.desk.request([("O-1", 1), ("O-1", 2)]).await;
    site.desk.until_answered("O-1", &[1, 2]).await;
    let answers = site.desk.answers().await;
    assert_eq!(
        answers["O-1"][0],
        (1, "refused 422 no such account".to_owned())
    );
    assert_eq!(site.server.of("O-1").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn call_is_parked_after_its_last_try_and_those_behind_it_go_on_in_order_when_it_is_redriven()
{
    let mut site = Site::start().await;
    site.server.script("O-1", [Reply::Status(500, "")]);
    site.desk
        .request([("O-1", 1), ("O-1", 2), ("O-2", 1)])
        .await;
    site.desk.until_answered("O-2", &[1]).await;
    site.desk.until_open(1, 1).await;
    // What comes later waits as well, and so it does after a restart.
    site.desk.request([("O-1", 3)]).await;
    site.desk.until_open(1, 2).await;
    site.desk.stop().await;
    site.desk.start();
    site.desk.request([("O-1", 4), ("O-2", 2)]).await;
    site.desk.until_answered("O-2", &[1, 2]).await;
    site.desk.until_open(1, 3).await;
    let tried = site.server.of("O-1");
    is_one_call(&tried);
    assert_eq!((tried.len(), tried[0].n()), (3, 1), "no other was tried");
    let open = site.desk.open_calls().await;
    assert_eq!(open[0].1.reason, CallReason::LastTry);
    assert!(open[0].1.detail.contains("500"), "{}", open[0].1.detail);
    assert_eq!(open[1].1.reason, CallReason::BehindParked);
    // Redriven in vain, it is parked again.
    site.desk.redrive_all().await;
    eventually("another round of tries", WITHIN, async || {
        (site.server.of("O-1").len() == 6).then_some(())
    })
    .await;
    site.desk.until_open(1, 3).await;
    site.server.script("O-1", [Reply::Does]);
    site.desk.redrive_all().await;
    site.desk.until_answered("O-1", &[1, 2, 3, 4]).await;
    site.desk.until_open(0, 0).await;
    // And the key is free again.
    site.desk.request([("O-1", 5)]).await;
    site.desk.until_answered("O-1", &[1, 2, 3, 4, 5]).await;
    let keys: HashSet<_> = site.server.of("O-1").into_iter().map(|it| it.key).collect();
    assert_eq!(keys.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_is_discarded_is_not_made_and_lets_those_behind_it_go() {
    let site = Site::start().await;
    site.server.script("O-1", [Reply::Status(500, "")]);
    site.desk.request([("O-1", 1), ("O-1", 2)]).await;
    site.desk.until_open(1, 1).await;
    site.server.script("O-1", [Reply::Does]);
    let (at, call) = site.desk.open_calls().await.remove(0);
    let redriver = site.desk.redriver();
    assert!(redriver.discard(at, call.place, &ann()).await.unwrap());
    assert!(!redriver.discard(at, call.place, &ann()).await.unwrap());
    assert!(!redriver.redrive(at, call.place, &ann()).await.unwrap());
    site.desk.until_answered("O-1", &[2]).await;
    let all = site.desk.adapters.parked.list(at, None, 9).await.unwrap();
    let states: Vec<_> = all.iter().map(|call| call.state).collect();
    assert_eq!(states, [CallState::Discarded, CallState::Done]);
    assert_eq!(all[0].marked_by, Some("ann".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_try_can_change_is_parked_at_once() {
    let site = Site::start().await;
    for (order, reply) in [
        ("long", Reply::DoesAtLength(1_500)),
        ("longer", Reply::DoesAtLength(1_000_000)),
        ("elsewhere", Reply::Status(302, "")),
        ("done", Reply::Does),
    ] {
        site.server.script(order, [reply]);
        site.desk.request([(order, 1)]).await;
    }
    site.desk
        .request([("panics", PANICS), ("large", LONG)])
        .await;
    site.desk.until_answered("done", &[1]).await;
    site.desk.until_open(5, 0).await;
    let open = site.desk.open_calls().await;
    let of = |order: &str| {
        let of_order = |call: &&_| *parked(call).key == format!("demo/{order}");
        let call = parked(open.iter().find(of_order).unwrap());
        (call.reason, call.tries)
    };
    assert_eq!(of("long"), (CallReason::Unusable, 1));
    assert_eq!(of("longer"), (CallReason::Unusable, 1));
    assert_eq!(of("elsewhere"), (CallReason::Unusable, 1));
    assert_eq!(of("panics"), (CallReason::Panicked, 0));
    assert_eq!(of("large"), (CallReason::TooLarge, 0));
    assert!(site.server.of("large").is_empty());
}

fn parked<A>((_, call): &(A, kernel::port::ParkedCall)) -> &kernel::port::ParkedCall {
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_is_not_done_by_its_deadline_is_parked() {
    let mut site = Site::new().await;
    site.desk.settings.tries_max = 1_000;
    site.desk.settings.deadline = Duration::from_millis(700);
    site.desk.start();
    site.server.script("O-1", [Reply::Status(500, "")]);
    site.desk.request([("O-1", 1)]).await;
    site.desk.until_open(1, 0).await;
    let (_, call) = site.desk.open_calls().await.remove(0);
    assert_eq!(call.reason, CallReason::Deadline);
    assert!((2..1_000).contains(&call.tries), "{}", call.tries);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_untried_while_the_breaker_is_open() {
    let mut site = Site::new().await;
    site.desk.guard.breaker = BreakerConfig {
        window: WindowSpan::Calls(4),
        min_calls: 4,
        open_first: Duration::from_millis(600),
        open_longest: Duration::from_secs(1),
        half_open_permits: 1,
        ..site.desk.guard.breaker
    };
    site.desk.settings.tries_max = 10;
    site.desk.start();
    let fails = std::iter::repeat_n(Reply::Status(503, ""), 4);
    site.server.script("O-1", fails.chain([Reply::Does]));
    site.desk.request([("O-1", 1)]).await;
    eventually("a standstill that is seen", WITHIN, async || {
        let mut seen = site.desk.movement.seen().into_iter();
        seen.find(|seen| seen.work.name() == "effect" && seen.stands.is_some())
    })
    .await;
    assert_eq!(site.server.of("O-1").len(), 4);
    site.desk.until_answered("O-1", &[1]).await;
    assert_eq!(site.server.of("O-1").len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_in_order_lets_calls_end_and_repeats_none() {
    let mut site = Site::start().await;
    for n in 1..=20 {
        site.desk.request([("O-1", n), ("O-2", n)]).await;
        if n % 5 == 0 {
            site.desk.stop().await;
            site.desk.start();
        }
    }
    let all: Vec<_> = (1..=20).collect();
    site.desk.until_answered("O-1", &all).await;
    site.desk.until_answered("O-2", &all).await;
    let order: Vec<_> = site.server.of("O-1").iter().map(Request::n).collect();
    assert_eq!(order, all);
}
