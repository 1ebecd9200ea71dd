//! The limits of a token: books, accounts, ceiling.

use std::time::Duration;

use serde_json::json;
use testkit::eventually;

use crate::desk::{Desk, booking, terms};

/// Until views have followed.
const FOLLOWED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn dealer_is_limited_to_the_books_of_the_token() {
    books(Desk::embedded().await).await;
}

#[tokio::test]
async fn dealer_in_production_is_limited_to_the_books_of_the_token() {
    books(Desk::production().await).await;
}

async fn books(desk: Desk) {
    desk.books("T-fx", "A1", "FX").await;
    desk.books("T-eq", "A1", "EQ").await;
    let dealer = desk.token(&[
        "--actor", "dan", "--role", "trader", "--book", "FX", "--book", "FX2",
    ]);

    let booked = desk
        .post(&dealer, "/v1/trades", booking("T-1", "A1", "FX2", 1))
        .await;
    assert!(booked.status.is_success(), "{booked:?}");
    let other = desk
        .post(&dealer, "/v1/trades", booking("T-2", "A1", "EQ", 1))
        .await;
    assert!(other.is_refused());
    assert_eq!(other.body["permission"], "trades:book");
    assert!(
        other.body["detail"].as_str().unwrap().contains("books"),
        "{other:?}"
    );

    // A trade is neither read, filled nor cancelled in another book, nor moved into one.
    assert!(
        desk.get(&dealer, "/v1/trades/T-fx")
            .await
            .status
            .is_success()
    );
    assert!(desk.get(&dealer, "/v1/trades/T-eq").await.is_refused());
    assert!(
        desk.get(&dealer, "/v1/trades/T-eq?as_of=2100-01-01T00:00:00Z")
            .await
            .is_refused()
    );
    let fill = json!({"exec_id": "E-2", "quantity": "1", "price": "10", "fee": "0",
        "traded_at": "2026-03-02T15:30:00Z"});
    assert!(
        desk.post(&dealer, "/v1/trades/T-eq/fills", fill.clone())
            .await
            .is_refused()
    );
    assert!(
        desk.post(&dealer, "/v1/trades/T-eq/cancellations", json!({}))
            .await
            .is_refused()
    );
    let filled = desk.post(&dealer, "/v1/trades/T-fx/fills", fill).await;
    assert!(filled.status.is_success(), "{filled:?}");
    let moved = json!({"expected_version": 1, "terms": terms("A1", "EQ", 1)});
    assert!(
        desk.post(&dealer, "/v1/trades/T-1/amendments", moved)
            .await
            .is_refused()
    );
    let stays = json!({"expected_version": 1, "terms": terms("A1", "FX", 1)});
    let stays = desk.post(&dealer, "/v1/trades/T-1/amendments", stays).await;
    assert!(stays.status.is_success(), "{stays:?}");
    let unknown = desk
        .post(&dealer, "/v1/trades/T-9/cancellations", json!({}))
        .await;
    assert_eq!(unknown.status, 404, "{unknown:?}");

    // An execution that is too much is not handed over into another book.
    let much = json!({"exec_id": "E-9", "quantity": "100", "price": "10", "fee": "0",
        "traded_at": "2026-03-02T15:30:00Z"});
    desk.does("/v1/trades/T-fx/fills", much).await;
    let hand_over = json!({"exec_id": "E-9", "resolution": "hand_over", "to": "T-eq", "note": "x"});
    let handed = desk
        .post(&dealer, "/v1/trades/T-fx:settle-break", hand_over)
        .await;
    assert!(handed.is_refused(), "{handed:?}");

    // Positions by their key, whether or not there is one.
    assert!(
        desk.get(&dealer, "/v1/positions/A1/FX/X")
            .await
            .status
            .is_success()
    );
    assert!(
        desk.get(&dealer, "/v1/positions/A1/EQ/X")
            .await
            .is_refused()
    );
    assert_eq!(desk.get(&dealer, "/v1/positions/A9/FX/X").await.status, 404);

    // Lists have the rest left out, page by page.
    for (list, wanted) in [("/v1/trades?limit=1", 2), ("/v1/positions?limit=1", 1)] {
        // A list may come from another store than the value, and that one may be behind.
        eventually(list, FOLLOWED, async || {
            let items = desk.listed(&dealer, list).await;
            let is_whole = items.len() == wanted && items.iter().all(|item| item["book"] == "FX");
            is_whole.then_some(())
        })
        .await;
    }
    let narrowed = desk.listed(&dealer, "/v1/trades?book=EQ&limit=1").await;
    assert!(narrowed.is_empty(), "{narrowed:?}");
    desk.discard().await;
}

#[tokio::test]
async fn dealer_is_limited_to_the_accounts_of_the_token() {
    let desk = Desk::embedded().await;
    desk.books("T-1", "A1", "FX").await;
    let dealer = desk.token(&["--actor", "dan", "--role", "trader", "--account", "A2"]);
    assert!(desk.get(&dealer, "/v1/trades/T-1").await.is_refused());
    assert!(
        desk.post(&dealer, "/v1/trades", booking("T-2", "A1", "FX", 1))
            .await
            .is_refused()
    );
    let booked = desk
        .post(&dealer, "/v1/trades", booking("T-3", "A2", "FX", 1))
        .await;
    assert!(booked.status.is_success(), "{booked:?}");
}

#[tokio::test]
async fn dealer_books_no_more_than_the_ceiling() {
    let desk = Desk::embedded().await;
    let dealer = desk.token(&["--actor", "dan", "--role", "trader", "--ceiling", "1000"]);
    let at = desk
        .post(&dealer, "/v1/trades", booking("T-1", "A1", "FX", 100))
        .await;
    assert!(at.status.is_success(), "{at:?}");
    let above = desk
        .post(&dealer, "/v1/trades", booking("T-2", "A1", "FX", 101))
        .await;
    assert!(above.is_refused());
    assert!(
        above.body["detail"].as_str().unwrap().contains("ceiling"),
        "{above:?}"
    );
    let raised = json!({"expected_version": 1, "terms": terms("A1", "FX", 101)});
    assert!(
        desk.post(&dealer, "/v1/trades/T-1/amendments", raised)
            .await
            .is_refused()
    );
    // Whoever may not book so much may still take it back.
    desk.does("/v1/trades", booking("T-3", "A1", "FX", 500))
        .await;
    let cancelled = desk
        .post(&dealer, "/v1/trades/T-3/cancellations", json!({}))
        .await;
    assert!(cancelled.status.is_success(), "{cancelled:?}");
}
