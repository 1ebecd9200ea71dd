//! F14: embedded views live in the file, and a start continues from there.

use std::time::Duration;

use testkit::eventually;

use crate::desk::{Caller, embedded};

const TRADES: usize = 60;

#[tokio::test]
async fn embedded_views_go_on_from_the_file() {
    let mut platform = embedded().await;
    let mut caller = Caller::of(&platform);
    for trade in 0..TRADES {
        let (trade, exec) = (format!("T-{trade:03}"), format!("E-{trade}"));
        caller.book(&trade).await.expect("booked");
        caller.fill(&trade, &exec).await.expect("filled");
    }
    let before = eventually("every fill", Duration::from_secs(10), async || {
        let pages = pages(&caller).await;
        let filled = pages.iter().filter(|trade| trade["version"] == 2);
        (filled.count() == TRADES).then_some(pages)
    })
    .await;
    // What is seen at once is saved a little later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    platform.crash().await;
    caller.follow(&platform);
    caller.views_are_read().await;
    assert_eq!(pages(&caller).await, before);
    assert_eq!(projected(&caller).await, 0, "events were folded again");
    caller.fill("T-007", "E-new").await.expect("filled");
    eventually("the fill", Duration::from_secs(10), async || {
        let (_, trade) = caller.read("/v1/trades/T-007").await;
        (trade["version"] == 3 && projected(&caller).await > 0).then_some(())
    })
    .await;
    assert_eq!(projected(&caller).await, 1);
}

/// Seven at a time, in the order in which they come.
async fn pages(caller: &Caller) -> Vec<serde_json::Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, mut page) = caller.read(&format!("/v1/trades?limit=7{cursor}")).await;
        assert_eq!(page["whole"], true);
        items.append(page["items"].as_array_mut().expect("items"));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// Events that this process has folded into the view of the trades.
async fn projected(caller: &Caller) -> u64 {
    let metrics = caller.get("/metrics").await.text().await.unwrap();
    let name = "dealerboard_events_projected_total{";
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    let trades = lines.filter(|line| line.contains("view=\"trade\""));
    let counts = trades.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}
