//! Servers that restart, forget or stay away, on servers of the test's own.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Client, Response, StatusCode};
use testkit::eventually;
use testkit::servers::{OwnServers, Servers};

use crate::site::{BACK, Site, free_address};
use crate::state::{QUIET_WITHIN, clean};
use crate::workload::{self, RECORDS};

/// Longest time of one read, whatever is away.
const READ_WAIT: Duration = Duration::from_secs(4);
/// Longest time until breakers have opened, and reads no longer wait for what is away.
const OPENS_WITHIN: Duration = Duration::from_secs(15);
/// Longest answer of a platform that knows what is away.
const QUICK: Duration = Duration::from_millis(250);
/// Longest time until breakers have closed again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(60);
/// Reads in a row that must all be answered.
const READS: usize = 200;
/// Readers at once.
const CROWD: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_restart_under_load_lose_nothing() {
    clean().await;
    let own = OwnServers::start(&["kafka", "postgres", "redis"]);
    let site = Site::on(own.servers()).await;
    let records = workload::records(&site.prefix);
    let process = site.start(BACK, "restarts");
    let faults: [&[&str]; 5] = [
        &["kill", "postgres"],
        &["restart", "kafka"],
        &["restart", "postgres"],
        &["kill", "kafka"],
        &["kill", "redis"],
    ];
    for (fault, part) in faults.iter().zip(records.chunks(RECORDS / faults.len())) {
        let half = part.len() / 2;
        site.append_again(&part[..half]).await;
        // `start` leaves alone what runs already.
        let faulty = async {
            own.run_beside(fault).await;
            own.run_beside(&["start", fault[1]]).await;
        };
        tokio::join!(site.append_again(&part[half..]), faulty);
    }
    site.quiet_at_end().await;
    site.state().await.assert_has_the_effects_of(clean().await);
    site.verify().await;
    drop(process);
    site.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_come_back_after_redis_forgot_them_under_load() {
    clean().await;
    let own = OwnServers::start(&["redis"]);
    let servers = Servers {
        redis: own.servers().redis,
        ..Servers::shared()
    };
    let site = Site::on(servers).await;
    let records = workload::records(&site.prefix);
    let process = site.start(BACK, "forgotten");
    for part in records.chunks(RECORDS / 5) {
        site.append(part).await;
        flush(&site.servers.redis).await;
    }
    // And once more when nothing follows that could draw attention to it.
    site.quiet(RECORDS).await;
    flush(&site.servers.redis).await;
    site.ends_as_the_clean_run().await;
    drop(process);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_while_stores_are_away() {
    let own = OwnServers::start(&["kafka", "postgres", "redis"]);
    let mut site = Site::on(own.servers()).await;
    let address = free_address();
    site.set("DEALERBOARD__HTTP__BIND", &address);
    let process = site.start("all", "reads");
    site.append(&workload::records(&site.prefix)).await;
    site.quiet(RECORDS).await;
    let reader = Reads::new(&site, &address);
    reader.are_answered_from_everywhere().await;

    own.run(&["stop", "redis"]);
    reader.are_all_answered(READS).await;
    reader.are_marked("redis").await;
    own.run(&["stop", "postgres"]);
    reader.are_refused_quickly().await;
    own.run(&["start", "redis"]);
    own.run(&["start", "postgres"]);
    reader.are_answered_from_everywhere().await;

    own.run(&["stop", "postgres"]);
    reader.are_all_answered(READS).await;
    own.run(&["start", "postgres"]);
    reader.are_answered_from_everywhere().await;
    drop(process);
    site.discard().await;
}

/// A client of the gateway that reads trades.
struct Reads {
    url: String,
    token: String,
    client: Client,
}

impl Reads {
    fn new(site: &Site, address: &str) -> Self {
        let token = site.command(&["token"]).output().unwrap();
        Self {
            url: format!("http://{address}/v1/trades/T-"),
            token: String::from_utf8(token.stdout).unwrap().trim().to_owned(),
            client: Client::builder().timeout(READ_WAIT).build().unwrap(),
        }
    }

    async fn read(&self, trade: usize) -> Response {
        let url = format!("{}{trade}", self.url);
        let request = self.client.get(url).bearer_auth(&self.token);
        request.send().await.expect("an answer in time")
    }

    /// With the whole chain in order, nothing is marked.
    async fn are_answered_from_everywhere(&self) {
        eventually("an unmarked answer", RECOVERS_WITHIN, async || {
            let response = self.client.get(format!("{}7", self.url));
            let response = response.bearer_auth(&self.token).send().await.ok()?;
            let whole = response.status() == StatusCode::OK && mark(&response).is_none();
            whole.then_some(())
        })
        .await;
    }

    async fn are_all_answered(&self, reads: usize) {
        for read in 0..reads {
            let response = self.read(read % 50).await;
            assert_eq!(response.status(), StatusCode::OK, "read {read}");
        }
    }

    async fn are_marked(&self, name: &str) {
        let marked = self.read(7).await;
        let mark = mark(&marked).expect("X-Degraded");
        assert!(mark.contains(name), "X-Degraded: {mark}");
    }

    /// A value that was never read before cannot be known; a value read before is shown, and
    /// marked. Breakers open on evidence, so it takes a crowd to open them soon.
    async fn are_refused_quickly(&self) {
        eventually("quick refusals", OPENS_WITHIN, async || {
            let crowd = (0..CROWD).map(|reader| self.is_refused_quickly(120 + reader));
            let quick = join_all(crowd).await;
            quick.into_iter().all(|quick| quick).then_some(())
        })
        .await;
        let known = self.read(7).await;
        assert_eq!(known.status(), StatusCode::OK);
        assert!(known.headers().contains_key("age"));
        assert!(mark(&known).is_some());
    }

    async fn is_refused_quickly(&self, trade: usize) -> bool {
        let started = Instant::now();
        let refused = self.read(trade).await;
        let quick = started.elapsed() < QUICK;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let problem: serde_json::Value = refused.json().await.unwrap();
        assert_eq!(problem["code"], "DEPENDENCY_UNAVAILABLE");
        quick
    }
}

fn mark(response: &Response) -> Option<&str> {
    response.headers().get("x-degraded")?.to_str().ok()
}

async fn flush(url: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let flushed: String = redis::cmd("FLUSHALL")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(flushed, "OK");
}

impl Site {
    /// Appends as a producer does after a fault: all of it again, under the same ids.
    async fn append_again(&self, records: &[kernel::port::NewRecord]) {
        use kernel::port::CommandLog as _;
        for chunk in records.chunks(20) {
            eventually("the log to take records", QUIET_WITHIN, async || {
                self.log.append(chunk.to_vec()).await.ok()
            })
            .await;
        }
    }
}
