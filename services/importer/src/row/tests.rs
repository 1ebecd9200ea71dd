use bytes::Bytes;
use clap::Parser;

use super::{Reading, RowReader};
use crate::order::Orders;
use crate::source;

pub(in super::super) const HEADER: &str =
    "ts,account,book,instrument,side,quantity,price,fee,trade_id";
const GOOD: &str = "2013-10-07T04:00:00.688-04:00,ACC-1,AGENCY,AIG,BUY,300,49.1800,0.1050,T-1";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    reading: Reading,
}

/// The orders of a file, or why it cannot be read.
pub(in super::super) fn try_orders(text: &str, options: &[&str]) -> Result<Orders, String> {
    let options = ["import"].iter().chain(options);
    let reading = Line::try_parse_from(options).unwrap().reading;
    let read = || {
        let bytes = Bytes::from(text.to_owned());
        let suits = |header: &[String]| RowReader::suits(header, &reading);
        let mut rows = source::rows(bytes, &reading.declared(), suits)?;
        let reader = RowReader::new(&*rows, &reading)?;
        Orders::read(&mut *rows, &reader)
    };
    read().map_err(|error: anyhow::Error| format!("{error:#}"))
}

pub(in super::super) fn orders(text: &str, options: &[&str]) -> Orders {
    try_orders(text, options).unwrap()
}

/// The terms and the fill of the only row, or why it is refused.
fn only(text: &str, options: &[&str]) -> Result<[serde_json::Value; 2], String> {
    let found = orders(text, options);
    if let Some((_, reason)) = found.refused.first() {
        return Err(reason.clone());
    }
    let (_, row) = &found.whole[0].rows[0];
    let terms = serde_json::to_value(&row.terms).unwrap();
    Ok([terms, serde_json::to_value(&row.fill).unwrap()])
}

#[test]
fn row_becomes_the_terms_of_a_trade_and_a_fill() {
    let [terms, fill] = only(&format!("{HEADER}\n{GOOD}"), &["--lot-method", "HIFO"]).unwrap();
    assert_eq!(
        terms,
        serde_json::json!({
            "account": "ACC-1", "book": "AGENCY", "instrument": "AIG",
            "side": "BUY", "quantity": "300", "price": "49.18", "currency": "USD",
            "multiplier": "1", "traded_at": "2013-10-07T08:00:00.688Z", "lot_method": "HIFO",
        })
    );
    assert_eq!(
        fill,
        serde_json::json!({
            "exec_id": "T-1", "quantity": "300", "price": "49.18", "fee": "0.105",
            "traded_at": "2013-10-07T08:00:00.688Z", "source_sequence": 2,
        })
    );
}

#[test]
fn bad_row_is_refused_by_the_name_of_its_column() {
    let cases = [
        (",BUY,300,", ",BUY,", "has 8 columns, not 9"),
        (",T-1", ",T-1,more", "has 10 columns, not 9"),
        ("2013-10-07", "2013-13-07", "column ts: "),
        ("-04:00,", ",", "column ts: "),
        (",BUY,", ",HOLD,", "column side: `HOLD`"),
        (",300,", ",3e2,", "column quantity: "),
        (",300,", ",\"1,000\",", "column quantity: `1,000`"),
        (
            ",300,",
            ",-300,",
            "column quantity: quantity is not above zero",
        ),
        (
            ",300,",
            ",0,",
            "column quantity: quantity is not above zero",
        ),
        (",49.1800,", ",NaN,", "column price: "),
        (",0.1050,", ",,", "column fee: is empty"),
        ("ACC-1", "ACC/1", "column account: "),
        (",T-1", ",", "column trade_id: is empty"),
        (",AIG,", ",\"AIG,", "has a quote that is not closed"),
    ];
    for (from, to, reason) in cases {
        let line = GOOD.replacen(from, to, 1);
        let fault = only(&format!("{HEADER}\n{line}"), &[]).unwrap_err();
        assert!(fault.starts_with(reason), "{line}: {fault}");
    }
}

#[test]
fn bad_row_tells_which_trade_it_is_about() {
    let other = GOOD.replace(",300,", ",200,");
    for bad in [
        GOOD.replace(",300,", ",three,"),
        GOOD.replace(",300,", ","),
        format!("{GOOD},more"),
    ] {
        let found = orders(&format!("{HEADER}\n{bad}\n{other}"), &[]);
        assert_eq!((found.whole.len(), found.refused.len()), (0, 2), "{bad}");
    }
}

#[test]
fn column_that_the_file_calls_otherwise_is_named_twice() {
    let text = format!("{HEADER}\n{GOOD}")
        .replace(",price,", ",Kurs,")
        .replace("49.18", "4x");
    let fault = only(&text, &["--map", "kurs=price"]).unwrap_err();
    assert!(fault.starts_with("column price (`Kurs`): "), "{fault}");
}

#[test]
fn file_without_a_column_is_refused_with_what_it_has() {
    let text = format!("{HEADER}\n{GOOD}").replace(",fee,", ",Commission,");
    let cases: [(&[&str], &str); 4] = [
        (&[], "the header has no column fee; it has ts, "),
        (&["--map", "Fees=fee"], "there is no column `Fees`"),
        (
            &["--map", "Commission=fee", "--map", "price=fee"],
            "column fee is mapped twice",
        ),
        (
            &[
                "--map",
                "Commission=fee",
                "--decimal-mark",
                ",",
                "--thousands-mark",
                ",",
            ],
            "the decimal mark and",
        ),
    ];
    for (options, reason) in cases {
        let fault = try_orders(&text, options).err().unwrap();
        assert!(fault.starts_with(reason), "{fault}");
    }
    assert!(
        orders(&text, &["--map", "commission=fee"])
            .refused
            .is_empty()
    );
    let twice = text.replace("Commission", "price");
    let fault = try_orders(&twice, &["--set", "fee=0"]).err().unwrap();
    assert_eq!(fault, "there are two columns `price`");
}

#[test]
fn cell_that_is_empty_is_what_was_set_for_it() {
    let text = format!("{HEADER},multiplier\n{GOOD},");
    let fault = only(&text, &[]).unwrap_err();
    assert_eq!(fault, "column multiplier: is empty");
    let [terms, _] = only(&text, &["--set", "multiplier=100"]).unwrap();
    assert_eq!(terms["multiplier"], "100");
}

#[test]
fn sign_of_a_quantity_or_a_fee_means_what_was_declared() {
    let text = format!("{HEADER}\n{GOOD}").replace(",300,", ",-300,");
    let signed = text.replace(",BUY,", ",SELL,").replace("0.1050", "-0.1050");
    let [terms, fill] = only(&signed, &["--signed-quantities", "--fees-as-cash"]).unwrap();
    assert_eq!(
        (&terms["side"], &terms["quantity"]),
        (&"SELL".into(), &"300".into())
    );
    assert_eq!(fill["fee"], "0.105");
    let fault = only(&text, &["--signed-quantities"]).unwrap_err();
    assert_eq!(fault, "column quantity: `-300` contradicts the side");
}
