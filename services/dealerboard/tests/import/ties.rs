//! Trades of one second keep the order in which the file has them.

use super::site::{Site, summary};

const HEADER: &str = "ts,account,book,instrument,side,quantity,price,fee,trade_id";

/// tsiemens/acb #4: the ids are chosen so that their texts sort another way.
#[tokio::test]
async fn rows_of_one_second_are_folded_as_the_file_has_them() {
    let site = Site::embedded().await;
    let second = "2026-03-02T15:30:00Z,A1,PROP";
    let fifo = [
        format!("{second},ORD1,BUY,100,10,0,T-9"),
        format!("{second},ORD1,BUY,100,11,0,T-10"),
        format!("{second},ORD1,SELL,100,12,0,T-11"),
    ];
    let lifo = [
        "2026-03-01T15:30:00Z,A1,PROP,ORD2,BUY,100,5,0,U-8".to_owned(),
        format!("{second},ORD2,BUY,100,10,0,U-9"),
        format!("{second},ORD2,SELL,100,12,0,U-10"),
    ];
    for (rows, method, instrument, left) in
        [(fifo, "FIFO", "ORD1", "11"), (lifo, "LIFO", "ORD2", "5")]
    {
        let file = site.file("o.csv", &format!("{HEADER}\n{}\n", rows.join("\n")));
        let mut import = site.import(&file, "demo");
        let output = import.args(["--lot-method", method]).output().unwrap();
        let all = "3 rows: 3 imported, 0 already there, 0 rejected".to_owned();
        assert_eq!(summary(&output), (all, Some(0)), "{output:?}");
        let path = format!("/v1/positions/A1/PROP/{instrument}");
        let response = site.get("demo", &path).await;
        let position: serde_json::Value = response.json().await.unwrap();
        assert_eq!(position["realised_gross"], "200", "{position}");
        assert_eq!(position["lots"][0]["price"], left, "{position}");
    }
    site.discard().await;
}
