//! What spreadsheets do to a file, contracts of more than one unit, and trying before sending.

use std::fs;

use serde_json::{Value, json};

use super::site::{Site, rejects, summary};

const HEADER: &str = "ts,account,book,instrument,side,quantity,price,fee,trade_id";

/// "CSV UTF-8" of Excel: byte order mark, carriage returns, quotes, no end of the last line.
#[tokio::test]
async fn file_that_a_spreadsheet_saved_is_imported() {
    let site = Site::embedded().await;
    let quoted = HEADER.split(',').map(|name| format!("\"{name}\""));
    let quoted = quoted.collect::<Vec<_>>().join(",");
    let row = |id: &str, quantity: &str| {
        format!("2026-03-02T15:30:00Z,A1,PROP,BOM1,buy,{quantity},1,0,{id}")
    };
    let text = format!(
        "\u{feff}{quoted}\r\n{}\r\n{}",
        row("BOM-1", "1"),
        row("BOM-2", "\"1,000\"")
    );
    let file = site.file("b.csv", &text);
    let output = site.import(&file, "demo").output().unwrap();
    let one = "2 rows: 1 imported, 0 already there, 1 rejected".to_owned();
    assert_eq!(summary(&output), (one, Some(1)), "{output:?}");
    let refused = rejects(&site.folder().join("rejects.csv"));
    let reason = "column quantity: `1,000` is not a plain decimal number such as -12.50; \
                  declare the marks by --decimal-mark and --thousands-mark";
    assert_eq!(refused[0][1], reason);
    let mut declared = site.import(&file, "demo");
    let output = declared.args(["--thousands-mark", ","]).output().unwrap();
    let both = "2 rows: 1 imported, 1 already there, 0 rejected".to_owned();
    assert_eq!(summary(&output), (both, Some(0)), "{output:?}");
    let position = read(&site, "/v1/positions/A1/PROP/BOM1").await;
    assert_eq!(position["quantity"], "1001");
    site.discard().await;
}

/// A price is of one share and a contract of a hundred; what is filled by hand later is of the same
/// contract.
#[tokio::test]
async fn option_has_the_multiplier_of_its_contract() {
    let site = Site::embedded().await;
    let row = "2026-01-20T20:00:00Z,A1,PROP,SPXW__260120P06835000,BUY,2,12.50,0,OPT-1";
    let text = format!("{HEADER},multiplier,currency,lot_method\n{row},100,USD,LIFO\n");
    let output = site.import(&site.file("o.csv", &text), "demo").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let path = "/v1/positions/A1/PROP/SPXW__260120P06835000";
    let position = read(&site, path).await;
    let shown = ["quantity", "cost", "multiplier", "lot_method"].map(|name| position[name].clone());
    assert_eq!(shown, ["2", "2500", "100", "LIFO"].map(Value::from));
    let by_hand = json!({
        "trade_id": "OPT-2", "account": "A1", "book": "PROP",
        "instrument": "SPXW__260120P06835000", "side": "BUY", "quantity": "1", "price": "13",
        "currency": "USD", "multiplier": "100", "traded_at": "2026-01-20T20:01:00Z",
    });
    let fill = json!({
        "exec_id": "F-1", "quantity": "1", "price": "13", "fee": "0",
        "traded_at": "2026-01-20T20:01:00Z",
    });
    site.post("demo", "/v1/trades", &by_hand).await;
    site.post("demo", "/v1/trades/OPT-2/fills", &fill).await;
    testkit::eventually(
        "both fills",
        std::time::Duration::from_secs(20),
        async || {
            let position = read(&site, path).await;
            (position["quantity"] == "3" && position["cost"] == "3800").then_some(())
        },
    )
    .await;
    site.discard().await;
}

/// OCC symbols are padded with blanks, and shares of a class and pairs of currencies have a slash.
#[tokio::test]
async fn instrument_is_called_what_the_market_calls_it() {
    let site = Site::embedded().await;
    let rows = [
        "2026-01-20T20:00:00Z,A1,PROP,SPXW  260120P06835000,BUY,2,12.50,0,OPT-1,100",
        "2026-01-20T20:00:00Z,A1,PROP,BRK/B,BUY,3,500,0,SHARE-1,1",
        "2026-01-20T20:00:00Z,A1,PROP,EUR/USD,SELL,1000,1.0825,0,PAIR-1,1",
    ];
    let text = format!("{HEADER},multiplier\n{}\n", rows.join("\n"));
    let output = site.import(&site.file("o.csv", &text), "demo").output();
    let output = output.unwrap();
    let all = "3 rows: 3 imported, 0 already there, 0 rejected".to_owned();
    assert_eq!(summary(&output), (all, Some(0)), "{output:?}");
    for (path, quantity, cost) in [
        ("SPXW%20%20260120P06835000", "2", "2500"),
        ("BRK%2FB", "3", "1500"),
        ("EUR%2FUSD", "-1000", "-1082.5"),
    ] {
        let position = read(&site, &format!("/v1/positions/A1/PROP/{path}")).await;
        let found = ["quantity", "cost"].map(|name| position[name].clone());
        assert_eq!(found, [quantity, cost].map(Value::from), "{path}");
    }
    site.discard().await;
}

#[tokio::test]
async fn dry_run_says_what_it_would_send_and_sends_nothing() {
    let site = Site::embedded().await;
    let rows = [
        "2026-03-02T15:30:00Z,A1,PROP,IBM,BUY,1,10,0,D-1,ann",
        "2026-03-02T15:31:00Z,A1,PROP,IBM,BUY,1,10,0,D-1,ann",
        "2026-03-02T15:32:00Z,A2,PROP,IBM,BUY,1,10,0,D-2,ben",
        "2026-03-02T15:33:00Z,A2,PROP,IBM,BUY,none,10,0,D-3,ben",
    ];
    let text = format!("{HEADER},trader\n{}\n", rows.join("\n"));
    let file = site.file("d.csv", &text);
    let output = site.import(&file, "demo").arg("--dry-run").output();
    let output = output.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = "4 rows: 2 orders in 2 positions of 2 accounts, 1 rejected; nothing was sent; \
                    from 2026-03-02T15:30:00Z to 2026-03-02T15:32:00Z; columns: ts, account, book, \
                    instrument, side, quantity, price, fee, trade_id; columns ignored: trader\n";
    assert_eq!(
        (printed.as_str(), output.status.code()),
        (expected, Some(1))
    );
    assert_eq!(rejects(&site.folder().join("rejects.csv")).len(), 1);
    let mut nowhere = site.command();
    nowhere.arg("import").arg(&file).arg("--dry-run");
    let unreached = nowhere.args(["--url", "http://127.0.0.1:1"]).output();
    let unreached = unreached.unwrap();
    assert_eq!(unreached.status.code(), Some(1), "{unreached:?}");
    assert!(site.list("demo", "/v1/trades?limit=200").await.is_empty());
    let sent = site.import(&file, "demo").output().unwrap();
    let all = "4 rows: 3 imported, 0 already there, 1 rejected";
    let printed = String::from_utf8(sent.stdout).unwrap();
    assert!(printed.starts_with(all), "{printed}");
    assert!(
        printed.ends_with("; columns ignored: trader\n"),
        "{printed}"
    );
    site.discard().await;
}

/// Line ends, quotes and blanks that mean nothing, up to a file of nothing but a header.
#[tokio::test]
async fn file_without_rows_is_no_fault_and_one_without_a_header_is() {
    let site = Site::embedded().await;
    let none = site.file("none.csv", &format!("\n{HEADER}\r\n\r\n,,,,,,,,\n"));
    let output = site.import(&none, "demo").output().unwrap();
    let nothing = "0 rows: 0 imported, 0 already there, 0 rejected".to_owned();
    assert_eq!(summary(&output), (nothing, Some(0)), "{output:?}");
    for (name, text, reason) in [
        ("empty.csv", &b""[..], "it has no header"),
        (
            "wide.csv",
            b"t\0s\0",
            "if it is UTF-16 without a byte order mark",
        ),
        ("half.csv", b"\xFF\xFEt\0s", "it is not UTF-16LE throughout"),
        ("torn.parquet", b"PAR1", "it is no Parquet file"),
        ("half.csv.gz", b"\x1f\x8b\x08", "half.csv.gz"),
    ] {
        let path = site.folder().join(name);
        fs::write(&path, text).unwrap();
        let output = site.import(&path, "demo").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(reason), "{name}: {stderr}");
    }
    site.discard().await;
}

async fn read(site: &Site, path: &str) -> Value {
    site.get("demo", path).await.json().await.unwrap()
}
