//! In any mix of tenants, aggregates, keys, bodies, retries and waits each request has its own
//! answer, and an accepted command is in its stream exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::Value;
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{Answer, answer, booking, embedded, production, value};

const TENANTS: [&str; 2] = ["demo", "acme"];
const KEYS: [&str; 6] = [
    "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6a",
    "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6b",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "3F2504E0-4F89-11D3-9A0C-0305E82C3302",
    "order 1",
    "order 2",
];
const REQUESTS: usize = 400;
const AT_ONCE: usize = 24;
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A booking under a key, or under none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    tenant: &'static str,
    key: Option<String>,
    trade: String,
    quantity: u32,
}

struct Answered {
    asked: Asked,
    waited: bool,
    answer: Answer,
}

fn asked(dice: &mut StdRng, round: usize) -> (Asked, bool) {
    let key = dice.random_bool(0.9).then(|| {
        let key = KEYS.choose(dice).expect("there are keys");
        // A fresh set of keys each hundred requests; the last digits tell them apart.
        let round = round / 100;
        if key.len() == 36 {
            let stem = &key[..34];
            format!("{stem}{round:02}")
        } else {
            format!("{key}/{round}")
        }
    });
    let asked = Asked {
        tenant: TENANTS.choose(dice).expect("there are tenants"),
        key,
        trade: format!("I-{}-{}", round / 100, dice.random_range(0..5)),
        quantity: dice.random_range(1..=2),
    };
    (asked, dice.random_bool(0.7))
}

async fn tell(
    platform: &Platform,
    tokens: &BTreeMap<&str, String>,
    asked: Asked,
    waited: bool,
) -> Answered {
    let body = booking(&asked.trade, asked.quantity);
    let mut request = platform.request(&tokens[asked.tenant], "/v1/trades", &body);
    if !waited {
        request = request.header("prefer", "wait=0");
    }
    if let Some(key) = &asked.key {
        request = request.header("idempotency-key", key);
    }
    // Refused for the moment, as when everything else runs on the same cores: it is asked again.
    let answer = eventually("an answer", ANSWERED_WITHIN, async || {
        let request = request.try_clone().expect("its body is in memory");
        let answer = answer(request.send().await.expect("the gateway answers")).await;
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    Answered {
        asked,
        waited,
        answer,
    }
}

async fn interleaved(platform: &Platform, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let tokens: BTreeMap<&str, String> = TENANTS
        .map(|tenant| (tenant, platform.token(tenant)))
        .into();
    let asks: Vec<_> = (0..REQUESTS).map(|round| asked(&mut dice, round)).collect();
    let answered: Vec<Answered> = stream::iter(asks)
        .map(|(asked, waited)| tell(platform, &tokens, asked, waited))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let mut by_key: BTreeMap<(&str, String), Vec<&Answered>> = BTreeMap::new();
    let mut booked: BTreeMap<(&str, &str), Vec<&Answered>> = BTreeMap::new();
    for answered in &answered {
        let Answered { asked, answer, .. } = answered;
        let context = format!("seed {seed}: {asked:?} {answer:?}");
        match answer.status {
            StatusCode::CREATED | StatusCode::OK => {
                assert_eq!(answer.body["aggregate_id"], *asked.trade, "{context}");
                if answer.status == StatusCode::CREATED {
                    let place = (asked.tenant, &*asked.trade);
                    booked.entry(place).or_default().push(answered);
                }
            }
            StatusCode::ACCEPTED => {}
            StatusCode::CONFLICT => assert_eq!(answer.code(), "ID_CONFLICT", "{context}"),
            StatusCode::UNPROCESSABLE_ENTITY => {
                assert_eq!(answer.code(), "COMMAND_ID_REUSED", "{context}");
                assert!(asked.key.is_some(), "{context}");
            }
            _ => panic!("{context}"),
        }
        if let Some(key) = &asked.key
            && answer.code() != "COMMAND_ID_REUSED"
        {
            let name = (asked.tenant, key.to_lowercase());
            by_key.entry(name).or_default().push(answered);
        }
    }
    for (key, answered) in &by_key {
        let same = |answered: &&Answered| {
            let first = &answered.asked;
            (first.trade.clone(), first.quantity)
                == (answered.asked.trade.clone(), answered.asked.quantity)
        };
        let first = &answered[0].asked;
        for other in answered {
            let request = (&other.asked.trade, other.asked.quantity);
            assert_eq!(
                request,
                (&first.trade, first.quantity),
                "seed {seed}: {key:?}"
            );
        }
        assert!(answered.iter().all(same));
    }
    for answered in answered.iter().filter(|answered| !answered.waited) {
        if answered.answer.status == StatusCode::ACCEPTED {
            settled(platform, answered).await;
        }
    }
    for ((tenant, trade), answered) in &booked {
        let shown = value(platform, tenant, &format!("/v1/trades/{trade}")).await;
        let shown: Value = shown.expect("what was booked is there");
        assert_eq!(shown["version"], 1, "seed {seed}: {tenant}/{trade} {shown}");
        for answered in answered {
            let quantity = answered.asked.quantity.to_string();
            assert_eq!(
                shown["quantity"], *quantity,
                "seed {seed}: {tenant}/{trade}"
            );
        }
    }
}

/// A caller who did not wait finds their own command under the id they were given.
async fn settled(platform: &Platform, answered: &Answered) {
    let id = answered.answer.body["command_id"].as_str().expect("an id");
    let path = format!("/v1/commands/{id}");
    let found = eventually("an outcome", ANSWERED_WITHIN, async || {
        let found = value(platform, answered.asked.tenant, &path).await?;
        (found["status"] != "pending").then_some(found)
    })
    .await;
    assert_eq!(found["aggregate_id"], *answered.asked.trade, "{found}");
    let other = TENANTS
        .iter()
        .find(|tenant| **tenant != answered.asked.tenant);
    let other = value(platform, other.expect("there are two"), &path).await;
    assert_eq!(other, None);
}

#[tokio::test]
async fn each_request_is_answered_for_itself() {
    let platform = embedded().await;
    for seed in 1..=3 {
        interleaved(&platform, seed).await;
    }
}

#[tokio::test]
async fn each_request_is_answered_for_itself_in_production() {
    let platform = production().await;
    for seed in 1..=3 {
        interleaved(&platform, seed).await;
    }
    platform.discard().await;
}
