//! Tenants that ask for each other's things, all at once and in any way: no answer has a word of another
//! tenant that its question did not have.
//!
//! `DEALERBOARD_TEST_PROBES` says how many questions, a few thousand without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt as _};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use testkit::platform::Platform;

use crate::desk::{BINARY, ROLES};
use crate::tenant::{Question, Tenant};

const WANTED: &str = "DEALERBOARD_TEST_PROBES";
const TENANTS: [&str; 3] = ["alder", "birch", "cedar"];
const AT_ONCE: usize = 16;

#[tokio::test]
async fn no_tenant_reads_a_word_of_another() {
    probe(Platform::embedded_as(BINARY, ROLES).await).await;
}

#[tokio::test]
async fn no_tenant_in_production_reads_a_word_of_another() {
    probe(Platform::production_as(BINARY, ROLES).await).await;
}

async fn probe(platform: Platform) {
    let wanted = std::env::var(WANTED).map_or(3_000, |text| text.parse().expect("a number"));
    let mut tenants = Vec::new();
    for name in TENANTS {
        tenants.push(Arc::new(Tenant::opens(&platform, name).await));
    }
    let has_ended = Arc::new(AtomicBool::new(false));
    let trading = tenants.iter().cloned().map(|tenant| {
        let has_ended = Arc::clone(&has_ended);
        tokio::spawn(async move {
            while !has_ended.load(Ordering::Relaxed) {
                tenant.trades().await;
            }
        })
    });
    let trading: Vec<_> = trading.collect();

    let probes = stream::iter(0..wanted).map(|seed| one(&tenants, seed));
    let own: u64 = probes
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .sum();
    // Who asks for what is theirs gets it: the probes look where things are.
    assert!(own > wanted / 10, "{own} of {wanted}");

    has_ended.store(true, Ordering::Relaxed);
    for tenant in trading {
        tenant.await.unwrap();
    }
    for tenant in &tenants {
        tenant.is_untouched().await;
    }
    println!("{wanted} questions, {own} of them answered with what is the caller's; 0 leaks");
    platform.discard().await;
}

/// Asks once; 1 if the caller read a word of their own that the question did not have.
async fn one(tenants: &[Arc<Tenant>], seed: u64) -> u64 {
    let mut dice = StdRng::seed_from_u64(seed);
    let caller = tenants.choose(&mut dice).unwrap();
    let asked_for = tenants.choose(&mut dice).unwrap();
    let question = if dice.random_bool(0.01) {
        Question::stream(asked_for, &mut dice)
    } else {
        Question::any(asked_for, &mut dice)
    };
    let answer = caller.asks(&question, &mut dice).await;
    let mut own = 0;
    for tenant in tenants {
        let words = tenant.words_in(&answer);
        let mut news = words.filter(|word| !question.has(word));
        if Arc::ptr_eq(tenant, caller) {
            own = u64::from(news.next().is_some());
        } else {
            let leaked = news.next();
            let (caller, of) = (caller.name, tenant.name);
            assert_eq!(
                leaked, None,
                "{seed}: {caller} reads of {of}: {question:?} {answer}"
            );
        }
    }
    own
}
