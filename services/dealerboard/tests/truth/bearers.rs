//! Records whose sender proves itself by an access token.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{production_with, terms, value};
use crate::kafka::{Outsider, Raw};
use crate::refusals::holds;

const WAIT: Duration = Duration::from_secs(60);

struct Desk {
    platform: Platform,
    outsider: Outsider,
}

impl Desk {
    async fn open(is_taken: bool) -> Self {
        let taken = format!("[kafka]\nbearer_tokens = {is_taken}\n");
        let platform = production_with(&taken).await;
        let outsider = Outsider::of(&platform);
        Self { platform, outsider }
    }

    /// A record that books the trade and is taken.
    async fn books(&self, trade: &str, header: Option<&str>) {
        let envelope = json!({"id": format!("k-{trade}"), "type": "BookTrade", "data": terms(1)});
        self.sends("trades", &format!("demo/{trade}"), &envelope, header)
            .await;
        let path = format!("/v1/commands/k-{trade}");
        eventually(&path, WAIT, async || {
            let outcome = value(&self.platform, "demo", &path).await?;
            (outcome["status"] == "accepted").then_some(())
        })
        .await;
    }

    async fn sends(
        &self,
        context: &str,
        key: &str,
        envelope: &Value,
        header: Option<&str>,
    ) -> (i32, i64) {
        let value = envelope.to_string();
        let headers = header.map(|header| ("authorization", header.as_bytes()));
        let raw = Raw {
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            headers: headers.into_iter().collect(),
            ..Raw::default()
        };
        self.outsider.send(context, raw).await
    }

    /// Why it was parked.
    async fn is_parked(&self, trade: &str, header: Option<&str>, because: &str, detail: &str) {
        let envelope = json!({"id": format!("k-{trade}"), "type": "BookTrade", "data": terms(1)});
        let key = format!("demo/{trade}");
        let (partition, offset) = self.sends("trades", &key, &envelope, header).await;
        let place = format!("trades/{partition}/{offset}");
        let letter = eventually(&place, WAIT, async || {
            let show = self
                .platform
                .command()
                .args(["dead-letters", "show", &place])
                .output();
            let shown = String::from_utf8(show.unwrap().stdout).unwrap();
            shown.contains("reason").then_some(shown)
        });
        let letter = letter.await;
        assert!(
            letter.contains(because) && letter.contains(detail),
            "{letter}"
        );
        if let Some(header) = header {
            let secret = header.split_once(' ').map_or(header, |(_, token)| token);
            assert!(!letter.contains(secret), "{letter}");
        }
    }

    fn bearer(&self, arguments: &[&str]) -> String {
        format!("Bearer {}", self.platform.token_with(arguments))
    }
}

#[tokio::test]
async fn records_with_a_token_are_judged_as_their_bearers_requests_are() {
    let mut desk = Desk::open(true).await;
    let dan = desk.bearer(&["--actor", "dan", "--role", "trader", "--book", "PROP"]);
    desk.books("T-1", Some(&dan)).await;
    let trade = value(&desk.platform, "demo", "/v1/trades/T-1")
        .await
        .unwrap();
    assert_eq!(trade["booked_by"], "dan", "{trade}");

    let agent = desk.bearer(&["--actor", "ann", "--role", "agent"]);
    let other_book = desk.bearer(&["--actor", "eve", "--role", "trader", "--book", "FX"]);
    let acme = desk.bearer(&["--tenant", "acme", "--actor", "dan"]);
    // Within the signature: its last digit alone may have bits that count for nothing.
    let (start, end) = dan.split_at(dan.len() - 10);
    let other = if end.starts_with('A') { "B" } else { "A" };
    let forged = format!("{start}{other}{}", &end[1..]);
    for (header, because, detail) in [
        (
            Some(&*agent),
            "not_allowed",
            "needs the permission trades:book",
        ),
        (
            Some(&other_book),
            "not_allowed",
            "needs the permission trades:book",
        ),
        (
            Some(&acme),
            "not_authentic",
            "may not write for tenant demo",
        ),
        (Some(&forged), "not_authentic", "signature"),
        (Some("Bearer c2VjcmV0"), "not_authentic", "not a signed JWT"),
        (
            Some("Basic ZGFuOmRhbg=="),
            "not_authentic",
            "no bearer token",
        ),
        (None, "not_authentic", "neither signed nor"),
    ] {
        desk.is_parked("T-2", header, because, detail).await;
    }
    // None of them holds up the key.
    desk.books("T-2", Some(&dan)).await;

    desk.platform
        .post("demo", "/v1/members/dan:revoke-tokens", &json!({}))
        .await;
    eventually("the revocation to be known", WAIT, async || {
        let answer = reqwest::Client::new()
            .get(format!("{}/v1/trades", desk.platform.url()))
            .header("authorization", &dan)
            .send()
            .await;
        (answer.unwrap().status() == 401).then_some(())
    })
    .await;
    desk.is_parked("T-3", Some(&dan), "not_authentic", "revoked")
        .await;
    holds(&mut desk.platform).await;
    desk.platform.discard().await;
}

#[tokio::test]
async fn tokens_are_not_looked_at_unless_that_is_configured() {
    let desk = Desk::open(false).await;
    let admin = desk.bearer(&[]);
    desk.is_parked("T-1", Some(&admin), "not_authentic", "neither signed nor")
        .await;
    desk.platform.discard().await;
}
