//! What was refused is mended in the file of rejects, and imported from there.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::site::{Site, summary};

/// As a broker writes it: lines before the header, `;`, decimal comma, local times, no ids.
const OPTIONS: [&str; 16] = [
    "--skip-lines",
    "1",
    "--encoding",
    "windows-1252",
    "--zone",
    "America/New_York",
    "--date-format",
    "%d.%m.%Y %H:%M",
    "--decimal-mark",
    ",",
    "--number-trades",
    "N",
    "--set",
    "book=PROP",
    "--map",
    "Geb\u{fc}hr=fee",
];
const ROWS: [&str; 9] = [
    "02.03.2026 10:30;A;IBM;BUY;100;10,5;1;plain",
    "02.03.2026 10:31;A;IBM;BUY;1.000;10,5;1;a thousand, undeclared",
    "08.03.2026 02:30;A;IBM;BUY;1;10,5;1;never was",
    "01.11.2026 01:30;A;IBM;BUY;1;10,5;1;\"was; twice\"",
    "02.03.2026 10:34;A;IBM;Kauf;1;10,5;1;a word",
    "02.03.2026 10:35;A;IBM;BUY;1;10,5;one cell too few",
    "02.03.2026 10:36;A;IBM;BUY;1;10,5;1;\"not closed",
    "02.03.2026 10:37;A;\u{cf}BM;BUY;1;10,5;1;a name",
    "02.03.2026 10:38;A;IBM;SELL;50;11,5;1;plain",
];
const MENDED: [(&str, &str); 7] = [
    ("1.000;", "1000;"),
    ("08.03.2026 02:30", "08.03.2026 03:30"),
    ("01.11.2026 01:30", "2026-11-01T01:30:00-04:00"),
    ("Kauf;", "BUY;"),
    ("10,5;one cell too few", "10,5;1;one cell too few"),
    ("\"not closed", "closed"),
    ("\u{cf}BM", "IBM"),
];

#[tokio::test]
async fn rejects_of_a_file_are_all_in_once_they_are_mended() {
    let site = Site::embedded().await;
    let header =
        "time of report: today\nts;account;instrument;side;quantity;price;Geb\u{fc}hr;note";
    let text = format!("{header}\n{}\n", ROWS.join("\n"));
    let latin: Vec<u8> = text
        .chars()
        .map(|one| u8::try_from(u32::from(one)).unwrap())
        .collect();
    let file = site.folder().join("first.csv");
    fs::write(&file, latin).unwrap();
    imports(
        &site,
        &file,
        "second.csv",
        "9 rows: 2 imported, 0 already there, 7 rejected",
    );
    // Mended in part: what is refused again is written as it was at first.
    let second = site.folder().join("second.csv");
    mend(&second, &MENDED[..3]);
    imports(
        &site,
        &second,
        "third.csv",
        "7 rows: 3 imported, 0 already there, 4 rejected",
    );
    let third = site.folder().join("third.csv");
    mend(&third, &MENDED[3..]);
    imports(
        &site,
        &third,
        "fourth.csv",
        "4 rows: 4 imported, 0 already there, 0 rejected",
    );
    let position = read(&site, "/v1/positions/A/PROP/IBM").await;
    let shown = [&position["quantity"], &position["fees"]];
    assert_eq!(shown, ["1056", "9"]);
    for number in 3..=11 {
        let trade = read(&site, &format!("/v1/trades/N-{number}")).await;
        assert_eq!(
            trade["state"], "Executed",
            "row {number} has kept its number"
        );
    }
    imports(
        &site,
        &file,
        "fifth.csv",
        "9 rows: 0 imported, 2 already there, 7 rejected",
    );
    site.discard().await;
}

#[tokio::test]
async fn rejects_of_json_lines_are_all_in_once_they_are_mended() {
    let site = Site::embedded().await;
    let row = |id: &str, price: &str| {
        format!(
            r#"{{"trade_id":"{id}","ts":"2026-03-02T15:30:00Z","account":"A","book":"PROP","instrument":"IBM","side":"BUY","quantity":1,"price":{price},"fee":0}}"#
        )
    };
    let rows = [
        row("J-1", "10.50"),
        row("J-2", "1e1"),
        "{\"trade_id\":".to_owned(),
        row("J-4", "\"10,5\""),
    ];
    let file = site.file("first.jsonl", &rows.join("\n"));
    let output = site.import(&file, "demo").output().unwrap();
    let one = "4 rows: 1 imported, 0 already there, 3 rejected".to_owned();
    assert_eq!(summary(&output), (one, Some(1)), "{output:?}");
    let rejects = site.folder().join("rejects.jsonl");
    let lines: Vec<Value> = fs::read_to_string(&rejects)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<_> = lines.iter().map(|reject| reject["line"].clone()).collect();
    assert_eq!(numbers, [2, 3, 4]);
    assert_eq!(lines[1]["original"], "{\"trade_id\":");
    let whole = format!(r#"{{"line":3,"reason":"",{}"#, &row("J-3", "10.5")[1..]);
    let text = fs::read_to_string(&rejects).unwrap();
    let cut = text.lines().nth(1).unwrap();
    let text = text
        .replace(cut, &whole)
        .replace("1e1", "10")
        .replace("10,5", "10.5");
    let mended = site.file("mended.jsonl", &text);
    let output = site.import(&mended, "demo").output().unwrap();
    let all = "3 rows: 3 imported, 0 already there, 0 rejected".to_owned();
    assert_eq!(summary(&output), (all, Some(0)), "{output:?}");
    let position = read(&site, "/v1/positions/A/PROP/IBM").await;
    assert_eq!(position["quantity"], "4");
    site.discard().await;
}

fn imports(site: &Site, file: &Path, rejects: &str, expected: &str) {
    let mut import = site.import(file, "demo");
    let output = import.args(OPTIONS).args(["--rejects", rejects]).output();
    let output = output.unwrap();
    let code = i32::from(!expected.ends_with(" 0 rejected"));
    assert_eq!(
        summary(&output),
        (expected.to_owned(), Some(code)),
        "{output:?}"
    );
}

fn mend(rejects: &Path, mended: &[(&str, &str)]) {
    let mut text = fs::read_to_string(rejects).unwrap();
    for (wrong, right) in mended {
        // The reason tells of it as well.
        let (before, after) = text.rsplit_once(wrong).unwrap();
        text = format!("{before}{right}{after}");
    }
    fs::write(rejects, text).unwrap();
}

async fn read(site: &Site, path: &str) -> Value {
    site.get("demo", path).await.json().await.unwrap()
}
