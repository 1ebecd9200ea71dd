//! Rows of one order, and what the position has of them.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::site::{Site, rejects, summary};

const HEADER: &str = "ts,account,book,instrument,side,quantity,price,fee,trade_id\n";
/// The most that a position has open.
const LOTS_MAX: usize = 5_000;
/// Rows beyond that.
const REFUSED: usize = 3;
const ORDERS: usize = 60;

#[tokio::test]
async fn rows_of_one_trade_are_one_order_with_several_fills() {
    orders_have_fills(Site::embedded().await).await;
}

#[tokio::test]
async fn rows_of_one_trade_are_one_order_with_several_fills_in_production() {
    orders_have_fills(Site::production().await).await;
}

async fn orders_have_fills(site: Site) {
    let mut text = HEADER.to_owned();
    for (fill, price) in [(1, "10.00"), (2, "10.50"), (3, "11.00")] {
        for order in 0..ORDERS {
            let quantity = 100 * fill;
            writeln!(
                text,
                "2013-10-07T04:00:0{fill}-04:00,A,AGENCY,IBM,BUY,{quantity},{price},0.10,T-{order}"
            )
            .unwrap();
        }
    }
    let (file, rows) = (site.file("parts.csv", &text), 3 * ORDERS);
    let again = format!("{rows} rows: 0 imported, {rows} already there, 0 rejected");
    let first = format!("{rows} rows: {rows} imported, 0 already there, 0 rejected");
    for (in_flight, expected) in [("1024", &first), ("1024", &again), ("1", &again)] {
        let output = import(&site, &file, in_flight);
        assert_eq!(summary(&output), (expected.clone(), Some(0)), "{output:?}");
        let trade = read(&site, "/v1/trades/T-7").await;
        assert_eq!(
            (&trade["state"], &trade["quantity"]),
            (&json!("Executed"), &json!("600"))
        );
        let fills = trade["fills"].as_array().unwrap().iter();
        let fills: Vec<_> = fills
            .map(|fill| (fill["exec_id"].clone(), fill["quantity"].clone()))
            .collect();
        let named = [("T-7", "100"), ("T-7#2", "200"), ("T-7#3", "300")];
        assert_eq!(
            fills,
            named.map(|(id, quantity)| (json!(id), json!(quantity)))
        );
        let position = read(&site, "/v1/positions/A/AGENCY/IBM").await;
        assert_eq!(position["quantity"], (600 * ORDERS).to_string());
    }
    site.discard().await;
}

#[tokio::test]
async fn what_the_position_refused_is_in_the_rejects_with_its_reason() {
    let site = Site::embedded().await;
    let file = site.file("many.csv", &buys(LOTS_MAX + REFUSED));
    let rows = LOTS_MAX + REFUSED;
    let first = format!("{rows} rows: {LOTS_MAX} imported, 0 already there, {REFUSED} rejected");
    let again = format!("{rows} rows: 0 imported, {LOTS_MAX} already there, {REFUSED} rejected");
    for expected in [first, again] {
        let output = import(&site, &file, "1024");
        assert_eq!(summary(&output), (expected, Some(1)), "{output:?}");
        let rejects = rejects(&site.folder().join("rejects.csv"));
        assert_eq!(rejects.len(), REFUSED, "{rejects:?}");
        for reject in &rejects {
            let (reason, trade) = (&reject[1], reject.last().unwrap());
            assert!(reason.starts_with("position: LOT_LIMIT: "), "{reason}");
            let trade = read(&site, &format!("/v1/trades/{trade}")).await;
            assert_eq!(trade["breaks"][0]["code"], "LOT_LIMIT", "{trade}");
        }
    }
    site.discard().await;
}

/// More than the position shows by name: each trade is asked.
#[tokio::test]
async fn many_that_the_position_refused_are_all_in_the_rejects() {
    let site = Site::embedded().await;
    let euros = site.file("euros.csv", &buys(1));
    let mut import_euros = site.import(&euros, "demo");
    let output = import_euros.args(["--currency", "EUR"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = buys(100).replace(",B-", ",C-");
    let file = site.file("dollars.csv", &text);
    let output = import(&site, &file, "16");
    let all = "100 rows: 0 imported, 0 already there, 100 rejected".to_owned();
    assert_eq!(summary(&output), (all, Some(1)), "{output:?}");
    let mut lines: Vec<usize> = Vec::new();
    for reject in rejects(&site.folder().join("rejects.csv")) {
        let (line, reason) = (&reject[0], &reject[1]);
        assert!(
            reason.starts_with("position: CURRENCY_MISMATCH: "),
            "{reason}"
        );
        lines.push(line.parse().unwrap());
    }
    assert_eq!(
        lines,
        (2..=101).collect::<Vec<_>>(),
        "in the order of the file"
    );
    site.discard().await;
}

#[tokio::test]
async fn order_with_a_row_that_cannot_be_read_is_imported_once_it_is_mended() {
    let site = Site::embedded().await;
    let row = |quantity: &str, second: u32| {
        format!("2013-10-07T04:00:0{second}-04:00,A,AGENCY,IBM,BUY,{quantity},10,0,T-1\n")
    };
    let bad = format!("{HEADER}{}{}", row("100", 1), row("two", 2));
    let output = import(&site, &site.file("bad.csv", &bad), "8");
    let none = "2 rows: 0 imported, 0 already there, 2 rejected".to_owned();
    assert_eq!(summary(&output), (none, Some(1)), "{output:?}");
    let mended = format!("{HEADER}{}{}", row("100", 1), row("200", 2));
    let output = import(&site, &site.file("mended.csv", &mended), "8");
    let both = "2 rows: 2 imported, 0 already there, 0 rejected".to_owned();
    assert_eq!(summary(&output), (both, Some(0)), "{output:?}");
    site.discard().await;
}

fn buys(rows: usize) -> String {
    let mut text = HEADER.to_owned();
    for row in 0..rows {
        let (minute, second) = (row / 60, row % 60);
        let (hour, minute) = (4 + minute / 60, minute % 60);
        writeln!(
            text,
            "2013-10-07T{hour:02}:{minute:02}:{second:02}-04:00,A,AGENCY,IBM,BUY,1,10,0,B-{row}"
        )
        .unwrap();
    }
    text
}

fn import(site: &Site, file: &Path, in_flight: &str) -> Output {
    let mut import = site.import(file, "demo");
    import.args(["--in-flight", in_flight]).output().unwrap()
}

async fn read(site: &Site, path: &str) -> Value {
    site.get("demo", path).await.json().await.unwrap()
}
