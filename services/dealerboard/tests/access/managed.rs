//! A tenant that manages the others: whom it does not serve gets in nowhere, and nobody else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::desk::{Answer, Desk, booking};

pub(crate) const CLOSED: &str = "[tenants]\nmanaged_by = \"platform\"\nregistered_only = true\n";
const MANAGED: &str = "[tenants]\nmanaged_by = \"platform\"\n";

/// Until every gateway has followed.
const FOLLOWED: Duration = Duration::from_secs(20);
/// Until it must have taken effect: usually it has within a few milliseconds.
const BARRED: Duration = Duration::from_secs(10);
/// Between two bookings of somebody.
const PACE: Duration = Duration::from_millis(20);
/// A stream looks every 20 seconds.
const ENDS: Duration = Duration::from_secs(30);

#[tokio::test]
async fn suspended_tenant_gets_in_nowhere_and_loses_nothing() {
    life(Desk::embedded_with(CLOSED).await).await;
}

#[tokio::test]
async fn suspended_tenant_in_production_gets_in_nowhere_and_loses_nothing() {
    life(Desk::production_with(CLOSED).await).await;
}

async fn life(desk: Desk) {
    let desk = Arc::new(desk);
    let demo = desk.token(&[]);
    let unknown = desk.get(&demo, "/v1/trades").await;
    assert_barred(&unknown, "TENANT_UNKNOWN");
    manages(&desk, &["create", "demo", "--title", "Demo desk"]);
    manages(&desk, &["create", "acme", "--title", "Acme"]);
    let acme = desk.token_of("acme", &[]);
    for token in [&demo, &acme] {
        is_served(&desk, token).await;
    }

    let browser = Browser::signed_in(&desk).await;
    let stream = follows(&desk, &demo).await;
    let others = follows(&desk, &acme).await;
    let (of_demo, of_acme) = (Load::of(&desk, &demo), Load::of(&desk, &acme));
    // One more of the installation, which follows by itself.
    let other = if desk.platform().database().is_some() {
        Some(desk.platform().role("gateway").await)
    } else {
        None
    };
    tokio::time::sleep(Duration::from_millis(500)).await;

    manages(
        &desk,
        &["suspend", "demo", "--reason", "the contract has ended"],
    );
    is_barred(desk.platform().url(), &demo).await;
    if let Some((_gateway, url)) = &other {
        is_barred(url, &demo).await;
    }
    let refused = desk
        .post(&demo, "/v1/trades", booking("T-x", "A1", "FX", 1))
        .await;
    assert_barred(&refused, "TENANT_SUSPENDED");
    let (status, body) = browser.reads("/v1/trades").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::FORBIDDEN, &json!("TENANT_SUSPENDED"))
    );
    timeout(ENDS, stream)
        .await
        .expect("the stream ends")
        .unwrap();
    assert!(!others.is_finished(), "another tenant's stream goes on");
    others.abort();

    let (booked, refusals) = of_demo.stop().await;
    assert!(!booked.is_empty() && !refusals.is_empty());
    let barred = |why: &String| why.starts_with("TENANT_");
    let suspended = |why: &String| why.starts_with("TENANT_SUSPENDED");
    assert!(refusals.iter().any(suspended), "{refusals:?}");
    let (booked_there, refused_there) = of_acme.stop().await;
    // A machine that is too busy refuses anybody, for a while.
    assert!(!refused_there.iter().any(barred), "{refused_there:?}");
    assert!(!booked_there.is_empty());

    // What was answered before is there afterwards, and a session goes on.
    manages(&desk, &["resume", "demo"]);
    is_served(&desk, &demo).await;
    for trade in &booked {
        desk.shows(&format!("/v1/trades/{trade}"), |shown| {
            shown["trade_id"] == **trade
        })
        .await;
    }
    assert_eq!(browser.reads("/v1/trades").await.0, StatusCode::OK);
    let desk = Arc::into_inner(desk).expect("nobody else has it");
    desk.discard().await;
}

#[tokio::test]
async fn one_tenant_alone_manages_and_it_cannot_bar_itself() {
    let desk = Desk::embedded_with(MANAGED).await;
    let (demo, platform) = (desk.token(&[]), desk.token_of("platform", &[]));
    let create = json!({"tenant_id": "acme", "title": "Acme"});
    let suspend = json!({"reason": "no"});
    assert!(
        desk.post(&demo, "/v1/tenants", create.clone())
            .await
            .is_refused()
    );
    assert!(desk.get(&demo, "/v1/tenants").await.is_refused());
    let clerk = desk.token_of("platform", &["--role", "trader"]);
    assert!(
        desk.post(&clerk, "/v1/tenants", create.clone())
            .await
            .is_refused()
    );

    let own = desk
        .post(&platform, "/v1/tenants/platform:suspend", suspend.clone())
        .await;
    assert!(own.is_refused(), "{own:?}");
    let detail = own.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("managing-tenant-is-always-served"),
        "{own:?}"
    );

    let created = desk.post(&platform, "/v1/tenants", create).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    // Tenants need not be created here, and what was not cannot be suspended.
    let never = desk
        .post(&platform, "/v1/tenants/demo:suspend", suspend)
        .await;
    assert_eq!(never.body["code"], "INVALID_TRANSITION", "{never:?}");
    assert!(desk.get(&demo, "/v1/trades").await.status.is_success());
}

#[tokio::test]
async fn without_a_manager_nobody_manages_and_every_tenant_is_served() {
    let desk = Desk::embedded().await;
    let (demo, platform) = (desk.token(&[]), desk.token_of("platform", &[]));
    for token in [&demo, &platform] {
        let body = json!({"tenant_id": "acme", "title": "Acme"});
        assert!(desk.post(token, "/v1/tenants", body).await.is_refused());
        assert!(desk.get(token, "/v1/trades").await.status.is_success());
    }
}

/// Who is suspended is known again before the first request is answered.
#[tokio::test]
async fn suspension_outlives_a_crash() {
    let mut desk = Desk::embedded_with(MANAGED).await;
    let demo = desk.token(&[]);
    manages(&desk, &["create", "demo", "--title", "Demo desk"]);
    manages(&desk, &["suspend", "demo", "--reason", "unpaid"]);
    desk.crash().await;
    let answered = eventually("an answer", FOLLOWED, async || {
        let answer = desk.get(&demo, "/v1/trades").await;
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert_barred(&answered, "TENANT_SUSPENDED");
}

fn assert_barred(answer: &Answer, code: &str) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    assert_eq!(answer.body["code"], code, "{answer:?}");
    let fix = answer.body["fix"].as_str().expect("it can be mended");
    assert!(fix.contains("/v1/tenants"), "{answer:?}");
}

/// Until the gateway there refuses the token.
async fn is_barred(url: &str, token: &str) {
    let client = Client::new();
    eventually("the suspension", BARRED, async || {
        let asked = client.get(format!("{url}/v1/trades")).bearer_auth(token);
        let answer = asked.send().await.expect("the gateway answers");
        (answer.status() == StatusCode::FORBIDDEN).then_some(())
    })
    .await;
}

/// `dealerboard tenants`, by the managing tenant.
pub(crate) fn manages(desk: &Desk, arguments: &[&str]) {
    let mut command = desk.platform().command();
    let command = command.arg("tenants").args(arguments);
    let output = command.args(["--url", desk.platform().url()]).output();
    let output = output.expect("the binary under test runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

pub(crate) async fn is_served(desk: &Desk, token: &str) {
    eventually("the tenant to be served", FOLLOWED, async || {
        let read = desk.get(token, "/v1/trades").await;
        read.status.is_success().then_some(())
    })
    .await;
}

/// A live stream of trades, read until it ends.
async fn follows(desk: &Desk, token: &str) -> JoinHandle<()> {
    let url = format!("{}/v1/live?view=trades", desk.platform().url());
    let opened = Client::new().get(url).bearer_auth(token).send().await;
    let mut opened = opened.expect("the gateway answers");
    assert_eq!(opened.status(), StatusCode::OK);
    tokio::spawn(async move { while let Ok(Some(_)) = opened.chunk().await {} })
}

/// Somebody who books trade after trade.
struct Load {
    goes_on: Arc<AtomicBool>,
    task: JoinHandle<(Vec<String>, Vec<String>)>,
}

impl Load {
    fn of(desk: &Arc<Desk>, token: &str) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let (desk, token, going) = (Arc::clone(desk), token.to_owned(), Arc::clone(&goes_on));
        let task = tokio::spawn(async move {
            let (mut booked, mut refused, mut number) = (Vec::new(), Vec::new(), 0);
            while going.load(Ordering::Relaxed) {
                tokio::time::sleep(PACE).await;
                number += 1;
                let trade = format!("L-{number}");
                let answer = desk
                    .post(&token, "/v1/trades", booking(&trade, "A1", "FX", 1))
                    .await;
                if answer.status.is_success() {
                    booked.push(trade);
                } else {
                    let body = &answer.body;
                    let why = ["code", "detail"].map(|of| body[of].as_str().unwrap_or_default());
                    refused.push(why.join(": "));
                }
            }
            (booked, refused)
        });
        Self { goes_on, task }
    }

    /// The trades that were booked, and the codes of what was refused.
    async fn stop(self) -> (Vec<String>, Vec<String>) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.task.await.expect("it goes on until it is stopped")
    }
}

/// One of the demo's people, signed in.
struct Browser {
    client: Client,
    url: String,
    cookie: String,
}

impl Browser {
    async fn signed_in(desk: &Desk) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let url = desk.platform().url().to_owned();
        let form = client.post(format!("{url}/signin/local"));
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = form.header("origin", &url).body("name=trader").send().await;
        let answer = answer.unwrap();
        let line = answer.headers()["set-cookie"].to_str().unwrap();
        let cookie = line.split(';').next().unwrap().to_owned();
        let browser = Self {
            client,
            url,
            cookie,
        };
        assert_eq!(browser.reads("/v1/trades").await.0, StatusCode::OK);
        browser
    }

    async fn reads(&self, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or(Value::Null))
    }
}
