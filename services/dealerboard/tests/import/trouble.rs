//! Lines that cannot be imported, and imports that cannot be done.

use std::fs;

use serde_json::json;

use super::site::{Site, rejects, summary};

const HEADER: &str = "ts,account,book,instrument,side,quantity,price,fee,trade_id\n";
const ROW: &str = "2013-10-07T04:00:00-04:00,A,AGENCY,IBM,BUY,300,49.18,0.10,T-1";

#[tokio::test]
async fn bad_lines_go_to_the_rejects_with_number_reason_and_original() {
    let site = Site::embedded().await;
    let lines = [
        ROW,
        "2013-10-07T04:00:01-04:00,A,AGENCY,IBM,BUY,300,49.18,T-2",
        "2013-10-07T04:00:02-04:00,A,AGENCY,IBM,BUY,three,49.18,0.10,T-3",
        "2013-10-32T04:00:03-04:00,A,AGENCY,IBM,BUY,300,49.18,0.10,T-4",
        "2013-10-07T04:00:04-04:00,A,AGENCY,IBM,SELL,100,49.20,0.10,T-5",
        "",
        "2013-10-07T04:00:00-04:00,A,AGENCY,IBM,BUY,300,49.19,0.10,T-5",
        "\"2013-10-07T04:00:06-04:00\",A,AGENCY,\"I,BM\",SELL,100,49.20,0.10,T-6",
    ];
    let text = format!("{HEADER}{}", lines.join("\r\n"));
    let file = site.file("bad.csv", &text);
    let mut import = site.import(&file, "demo");
    let output = import
        .args(["--rejects", "out.csv", "--in-flight", "1"])
        .output();
    let output = output.unwrap();
    let result = "7 rows: 2 imported, 0 already there, 5 rejected".to_owned();
    assert_eq!(summary(&output), (result, Some(1)), "{output:?}");
    let expected = [
        ("3", "has 8 columns, not 9", lines[1]),
        ("4", "column quantity: `three`", lines[2]),
        ("5", "column ts: ", lines[3]),
        ("6", "the rows of the trade differ in ", lines[4]),
        ("8", "the rows of the trade differ in ", lines[6]),
    ];
    let text = fs::read_to_string(site.folder().join("out.csv")).unwrap();
    let header = "\u{feff}line,reason,".to_owned() + HEADER.trim_end();
    assert_eq!(text.lines().next(), Some(header.as_str()));
    let found = rejects(&site.folder().join("out.csv"));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (reject, (number, reason, original)) in found.iter().zip(expected) {
        assert_eq!(
            (&*reject[0], reject[2..].join(",")),
            (number, original.to_owned())
        );
        assert!(reject[1].starts_with(reason), "{reject:?}");
        assert!(text.contains(&format!(",{original}\n")), "{text}");
    }
    site.discard().await;
}

#[tokio::test]
async fn row_that_changed_since_it_was_imported_is_rejected() {
    let site = Site::embedded().await;
    let file = site.file("one.csv", &format!("{HEADER}{ROW}\n"));
    let first = site.import(&file, "demo").output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let costlier = ROW.replace(",0.10,", ",0.20,");
    let file = site.file("other.csv", &format!("{HEADER}{costlier}\n"));
    let output = site.import(&file, "demo").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let rejects = fs::read_to_string(site.folder().join("rejects.csv")).unwrap();
    assert!(rejects.contains("fill: EXEC_ID_CONFLICT"), "{rejects}");
    site.discard().await;
}

#[tokio::test]
async fn row_of_a_trade_that_was_filled_by_hand_is_rejected() {
    let site = Site::embedded().await;
    let at = "2013-10-07T08:00:00Z";
    let booking = json!({
        "trade_id": "T-1", "account": "A", "book": "AGENCY", "instrument": "IBM", "side": "BUY",
        "quantity": "300", "price": "49.18", "currency": "USD", "traded_at": at,
    });
    let fill = json!({
        "exec_id": "E-1", "quantity": "100", "price": "49.18", "fee": "0", "traded_at": at,
    });
    site.post("demo", "/v1/trades", &booking).await;
    site.post("demo", "/v1/trades/T-1/fills", &fill).await;
    let file = site.file("one.csv", &format!("{HEADER}{ROW}\n"));
    let output = site.import(&file, "demo").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let rejects = fs::read_to_string(site.folder().join("rejects.csv")).unwrap();
    assert!(rejects.contains("the platform raised a break"), "{rejects}");
    site.discard().await;
}

#[tokio::test]
async fn import_cannot_finish_when_header_token_or_file_is_wrong() {
    let site = Site::embedded().await;
    let unpriced = HEADER.replace("price,", "");
    let unpriced = site.file("unpriced.csv", &unpriced);
    let good = site.file("good.csv", &format!("{HEADER}{ROW}\n"));
    let missing = site.folder().join("missing.csv");
    let cases = [
        (
            site.import(&unpriced, "demo").output(),
            "the header has no column price; it has ts, account, ",
        ),
        (
            site.import(&missing, "demo").output(),
            "missing.csv: open it",
        ),
        (
            site.import(&good, "demo")
                .args(["--rejects", "good.csv"])
                .output(),
            "is the file of the rejects as well",
        ),
        (
            site.import(&good, "demo").args(["--token", "x"]).output(),
            "the gateway refuses the caller",
        ),
    ];
    for (output, reason) in cases {
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(reason), "{stderr}");
    }
    site.discard().await;
}
