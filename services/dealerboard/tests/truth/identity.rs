//! A command is known by tenant, aggregate and key, and a waiting caller is answered for their own.

use kernel::{CommandId, EventId};
use reqwest::StatusCode;
use serde_json::json;
use testkit::platform::Platform;
use uuid::Uuid;

use crate::desk::{Answer, booking, embedded, fill, keyed, production, value};

const V7: &str = "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6a";
const V4: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const V1: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

/// Of four partitions `demo/T-1` and `demo/T-2` share one, `demo/T-5` has another.
async fn key_stands_for_one_request_of_its_tenant(platform: &Platform) {
    let token = platform.token("demo");
    let book = async |key: &str, trade: &str| {
        let body = booking(trade, 1);
        keyed(platform, &token, key, "/v1/trades", &body).await
    };
    for (n, key) in ["order 1", V7, V4].into_iter().enumerate() {
        let trades = ["T-1", "T-2", "T-5"].map(|trade| format!("{trade}-{n}"));
        assert_eq!(book(key, &trades[0]).await.status, StatusCode::CREATED);
        for other in &trades[1..] {
            let refused = book(key, other).await;
            assert_eq!(refused.code(), "COMMAND_ID_REUSED", "{refused:?}");
            let path = format!("/v1/trades/{other}");
            assert_eq!(value(platform, "demo", &path).await, None);
        }
        let again = book(key, &trades[0]).await;
        assert!(
            again.replayed && again.status == StatusCode::CREATED,
            "{again:?}"
        );
    }
}

async fn key_in_a_path_stands_for_one_aggregate(platform: &Platform) {
    let token = platform.token("demo");
    for trade in ["C-1", "C-5", "C-6"] {
        platform
            .post("demo", "/v1/trades", &booking(trade, 1))
            .await;
    }
    let cancel = async |trade: &str| {
        let path = format!("/v1/trades/{trade}/cancellations");
        keyed(platform, &token, "K2", &path, &json!({})).await
    };
    assert_eq!(cancel("C-1").await.status, StatusCode::OK);
    for other in ["C-5", "C-6"] {
        assert_eq!(cancel(other).await.code(), "COMMAND_ID_REUSED");
        let trade = value(platform, "demo", &format!("/v1/trades/{other}")).await;
        assert_eq!(trade.unwrap()["state"], "Booked");
    }
}

async fn expected_version_is_part_of_a_request(platform: &Platform) {
    let token = platform.token("demo");
    platform
        .post("demo", "/v1/trades", &booking("V-1", 1))
        .await;
    let path = "/v1/trades/V-1/cancellations";
    let cancel = async |version: &str| {
        let request = platform.request(&token, path, &json!({}));
        let request = request
            .header("idempotency-key", "K-V")
            .header("if-match", version);
        crate::desk::answer(request.send().await.unwrap()).await
    };
    assert_eq!(cancel("\"7\"").await.code(), "VERSION_CONFLICT");
    assert_eq!(cancel("\"1\"").await.code(), "COMMAND_ID_REUSED");
    assert!(cancel("\"7\"").await.replayed);
}

/// `demo/T-1` and `acme/T-6` share a partition, of four and of twelve.
async fn keys_of_two_tenants_are_two(platform: &Platform) {
    let (demo, acme) = (platform.token("demo"), platform.token("acme"));
    for (n, key) in [V1, V7, "order of both"].into_iter().enumerate() {
        for (demo_trade, acme_trade) in [("A-1", "A-6"), ("B-2", "B-2")] {
            let key = key.replacen(['4', 'r'], &demo_trade[2..], 1);
            let trades = [demo_trade, acme_trade].map(|trade| format!("{trade}-{n}"));
            let bodies = [booking(&trades[0], 1), booking(&trades[1], 2)];
            let (one, other) = tokio::join!(
                keyed(platform, &demo, &key, "/v1/trades", &bodies[0]),
                keyed(platform, &acme, &key, "/v1/trades", &bodies[1]),
            );
            for (answer, trade) in [one, other].iter().zip(&trades) {
                assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
                assert_eq!(answer.body["aggregate_id"], **trade, "{answer:?}");
            }
        }
    }
}

async fn two_requests_at_once_under_one_key_are_answered_each_for_itself(platform: &Platform) {
    let token = platform.token("demo");
    for n in 0..20 {
        let (key, trade) = (format!("both-{n}"), format!("B-{n}"));
        let (small, large) = (booking(&trade, 1), booking(&trade, 2));
        let (one, other) = tokio::join!(
            keyed(platform, &token, &key, "/v1/trades", &small),
            keyed(platform, &token, &key, "/v1/trades", &large),
        );
        let (first, second, quantity) = if one.status == StatusCode::CREATED {
            (one, other, "1")
        } else {
            (other, one, "2")
        };
        assert_eq!(first.status, StatusCode::CREATED, "{first:?} {second:?}");
        assert_eq!(second.code(), "COMMAND_ID_REUSED", "{first:?} {second:?}");
        let path = format!("/v1/trades/{trade}");
        let trade = value(platform, "demo", &path).await.unwrap();
        assert_eq!(trade["quantity"], quantity);
    }
}

/// A caller who knows the id of their fill's command can compute the id of the command that a
/// reaction makes of it. Sent as a key it is another command.
async fn id_of_a_reaction_cannot_be_occupied(platform: &Platform) {
    let token = platform.token("demo");
    platform
        .post("demo", "/v1/trades", &booking("R-1", 5))
        .await;
    let (trade, exec, key) = ("demo/R-1", "R-E1", "known beforehand");
    let fill_id = CommandId::of_caller(
        &key.parse().unwrap(),
        &"demo".parse().unwrap(),
        "trades",
        &trade.split_once('/').unwrap().1.parse().unwrap(),
    );
    let event = EventId::of(fill_id, 0);
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let at = kernel::Timestamp::from_millis(now);
    let mut keys = vec![Uuid::new_v5(&event.0, b"fills-to-positions/0")];
    keys.push(CommandId::of_reaction(event, at, "fills-to-positions", 0).0);
    for key in keys {
        let path = "/v1/positions/A1/PROP/X/lot-method";
        let body = json!({ "lot_method": "LIFO" });
        keyed(platform, &token, &key.to_string(), path, &body).await;
    }
    let path = "/v1/trades/R-1/fills";
    let filled = keyed(platform, &token, key, path, &fill(exec, 5)).await;
    assert_eq!(filled.status, StatusCode::OK, "{filled:?}");
    let position = shown(platform, "/v1/positions/A1/PROP/X", &filled).await;
    assert_eq!(position["quantity"], "5");
}

async fn command_is_found_by_its_id_and_by_its_key_within_the_tenant(platform: &Platform) {
    let token = platform.token("demo");
    for (n, key) in [V7, V4, "a name"].into_iter().enumerate() {
        let (key, trade) = (key.replacen('a', "5", 1), format!("F-{n}"));
        let body = booking(&trade, 1);
        let answer = keyed(platform, &token, &key, "/v1/trades", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let id = answer.body["command_id"].as_str().unwrap();
        for name in [id, &key] {
            let path = format!("/v1/commands/{}", name.replace(' ', "%20"));
            let found = value(platform, "demo", &path).await.unwrap();
            assert_eq!(found["aggregate_id"], *trade);
            assert_eq!(value(platform, "acme", &path).await, None);
        }
    }
}

/// The position once it has seen the effect that an answer names.
async fn shown(platform: &Platform, path: &str, after: &Answer) -> serde_json::Value {
    let request = reqwest::Client::new().get(format!("{}{path}", platform.url()));
    let request = request.bearer_auth(platform.token("demo"));
    let token = after
        .position
        .as_deref()
        .expect("an answer names its place");
    let response = request
        .header("min-log-position", token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

async fn all(platform: &Platform) {
    key_stands_for_one_request_of_its_tenant(platform).await;
    key_in_a_path_stands_for_one_aggregate(platform).await;
    expected_version_is_part_of_a_request(platform).await;
    keys_of_two_tenants_are_two(platform).await;
    two_requests_at_once_under_one_key_are_answered_each_for_itself(platform).await;
    id_of_a_reaction_cannot_be_occupied(platform).await;
    command_is_found_by_its_id_and_by_its_key_within_the_tenant(platform).await;
}

#[tokio::test]
async fn commands_are_known_by_tenant_aggregate_and_key() {
    all(&embedded().await).await;
}

#[tokio::test]
async fn commands_are_known_by_tenant_aggregate_and_key_in_production() {
    let platform = production().await;
    all(&platform).await;
    platform.discard().await;
}

/// What a gateway remembered is in the file, however the process ended.
#[tokio::test]
async fn key_stands_for_its_request_after_a_crash() {
    let mut platform = embedded().await;
    let token = platform.token("demo");
    let body = booking("T-1", 1);
    let first = keyed(&platform, &token, "K", "/v1/trades", &body).await;
    assert_eq!(first.status, StatusCode::CREATED);
    platform.crash().await;
    let body = booking("T-5", 1);
    let other = keyed(&platform, &token, "K", "/v1/trades", &body).await;
    assert_eq!(other.code(), "COMMAND_ID_REUSED", "{other:?}");
}

#[tokio::test]
async fn token_of_a_trade_leads_to_its_position() {
    leads_to_its_position(&embedded().await).await;
}

#[tokio::test]
async fn token_of_a_trade_leads_to_its_position_in_production() {
    let platform = production().await;
    leads_to_its_position(&platform).await;
    platform.discard().await;
}

/// A position follows its trade without a sleep in between, and a token of anything else is refused.
async fn leads_to_its_position(platform: &Platform) {
    let token = platform.token("demo");
    for n in 0..30 {
        let trade = format!("P-{n}");
        platform
            .post("demo", "/v1/trades", &booking(&trade, 1))
            .await;
        let path = format!("/v1/trades/{trade}/fills");
        let filled = platform.request(&token, &path, &fill(&format!("E-{n}"), 1));
        let filled = crate::desk::answer(filled.send().await.unwrap()).await;
        let position = shown(platform, "/v1/positions/A1/PROP/X", &filled).await;
        assert_eq!(position["quantity"], (n + 1).to_string());
    }
    let get = async |path: &str, header: Option<&str>| {
        let request = reqwest::Client::new().get(format!("{}{path}", platform.url()));
        let request = request.bearer_auth(&token);
        let request = match header {
            Some(place) => request.header("min-log-position", place),
            None => request,
        };
        request.send().await.unwrap().status()
    };
    let position = "/v1/positions/A1/PROP/X";
    let own = value(platform, "demo", position).await;
    assert!(own.is_some());
    for place in ["agents-0:1", "trades-9:1", "nothing-0:1"] {
        assert_eq!(
            get(position, Some(place)).await,
            StatusCode::BAD_REQUEST,
            "{place}"
        );
    }
    let others: Vec<_> = (0..4)
        .map(|partition| format!("positions-{partition}:1"))
        .collect();
    let mut refused = 0;
    for place in &others {
        let header = get(position, Some(place)).await;
        let as_of = get(&format!("{position}?as_of={place}"), None).await;
        assert_eq!(header, as_of, "{place}");
        refused += u32::from(header == StatusCode::BAD_REQUEST);
    }
    assert_eq!(refused, 3, "three of four partitions are not the key's");
    for place in ["trades-0:1", "1"] {
        let as_of = get(&format!("{position}?as_of={place}"), None).await;
        assert_eq!(as_of, StatusCode::BAD_REQUEST, "{place}");
    }
    // So is the next page of another list, or of another filter.
    let page = value(platform, "demo", "/v1/trades?limit=1").await.unwrap();
    let cursor = page["next"].as_str().unwrap();
    for list in ["/v1/positions?", "/v1/trades?account=A1&"] {
        let foreign = get(&format!("{list}cursor={cursor}"), None).await;
        assert_eq!(foreign, StatusCode::BAD_REQUEST, "{list}");
    }
    let next = get(&format!("/v1/trades?limit=1&cursor={cursor}"), None).await;
    assert_eq!(next, StatusCode::OK);
}
