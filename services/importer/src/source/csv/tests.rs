use bytes::Bytes;

use super::{COLUMNS_MAX, Cells, Csv, Declared, ROW_BYTES_MAX};

/// Number, cells and fault of each row.
type Found = Vec<(u64, Vec<String>, Option<String>)>;

fn rows(text: &str) -> Found {
    let text = Bytes::from(text.to_owned());
    let mut csv = Csv::open(text, &Declared::default(), |_| true).unwrap();
    let mut cells = Cells::default();
    let mut found = Vec::new();
    while let Some(read) = csv.record(&mut cells) {
        let texts = (0..cells.len()).filter_map(|place| cells.get(place));
        let texts = texts.map(|cell| String::from_utf8_lossy(cell).into_owned());
        found.push((read.line.number, texts.collect(), read.fault));
    }
    found
}

fn row(number: u64, cells: [&str; 2]) -> (u64, Vec<String>, Option<String>) {
    (number, cells.map(str::to_owned).to_vec(), None)
}

#[test]
fn row_has_the_number_of_the_line_where_it_begins() {
    for end in ["\n", "\r\n"] {
        let text = [
            "h,i",
            "a,1",
            "",
            "\"b",
            "c\",\"2\"\"\"",
            ",",
            " d , 3 ",
            "e,4",
        ]
        .join(end);
        let over_lines = format!("b{end}c");
        let expected = [
            row(2, ["a", "1"]),
            row(4, [&over_lines, "2\""]),
            row(7, ["d", "3"]),
            row(8, ["e", "4"]),
        ];
        assert_eq!(rows(&text), expected, "{text:?}");
        assert_eq!(rows(&format!("{text}{end}")), expected, "{text:?}");
    }
}

#[test]
fn row_that_is_none_spoils_no_other() {
    let long = "x".repeat(ROW_BYTES_MAX);
    let wide = ",x".repeat(COLUMNS_MAX);
    let cases = [
        ("\"b,2".to_owned(), "has a quote that is not closed"),
        ("\"b\"\",2".to_owned(), "has a quote that is not closed"),
        (format!("{long},2"), "is longer than 65536 bytes"),
        (format!("\"{long}\",2"), "is longer than 65536 bytes"),
        (wide, "has 1024 columns or more"),
        ("b".to_owned(), "has 1 columns, not 2"),
        ("b,2,x".to_owned(), "has 3 columns, not 2"),
    ];
    for (bad, reason) in cases {
        let found = rows(&format!("h,i\na,1\n{bad}\nc,\"3\"\nd,4\n"));
        let kept: Vec<_> = found
            .iter()
            .filter(|row| row.2.is_none())
            .cloned()
            .collect();
        let others = [row(2, ["a", "1"]), row(4, ["c", "3"]), row(5, ["d", "4"])];
        assert_eq!(kept, others, "{reason}");
        assert_eq!(found[1].2.as_deref(), Some(reason));
        let last = rows(&format!("h,i\n{bad}"));
        assert_eq!(last[0].2.as_deref(), Some(reason), "at the end");
    }
}

#[test]
fn empty_cells_behind_the_last_column_are_no_harm() {
    assert_eq!(rows("h,i\na,1,,\n"), [row(2, ["a", "1"])]);
}
