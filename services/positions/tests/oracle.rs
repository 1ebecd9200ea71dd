//! Folds real trades and compares every figure with an independent implementation in Python.
//!
//! `DEALERBOARD_TRADES_CSV` names a larger file of the same columns to compare instead.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cqrs_es::Aggregate;
use kernel::{
    Accepted, AggregateId, CommandId, Context, Decimal, EventId, EventMeta, Timestamp, View,
};
use positions::{
    AlternativeView, ApplyFill, LotMethod, Position, PositionCommand, PositionEvent, PositionView,
    Side,
};
use serde_json::{Value, json};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[test]
fn every_method_agrees_with_the_oracle_on_real_trades() -> Outcome<()> {
    let file = trades();
    let expected = oracle(&file)?;
    let fills = read(&file)?;
    let mut seen = 0;
    for (key, fills) in &fills {
        for method in LotMethod::ALL {
            let name = format!("{key} {}", name(method)?);
            let expected = expected.get(&name).ok_or(name)?;
            assert_eq!(&row(key, &direct(key, fills, method)?)?, expected);
            seen += 1;
        }
    }
    assert_eq!(seen, expected.len());
    Ok(())
}

#[test]
fn alternative_methods_agree_with_the_oracle_on_the_events_of_fifo() -> Outcome<()> {
    let file = slice();
    let expected = oracle(&file)?;
    for (key, fills) in &read(&file)? {
        let (_, events) = fold(key, fills, LotMethod::Fifo)?;
        for method in LotMethod::ALL {
            let mut alternative = AlternativeView::new(method);
            for (event, sequence) in events.iter().zip(1..) {
                alternative.update(&meta(key, sequence), event.clone());
            }
            let name = format!("{key} {}", name(method)?);
            assert_eq!(&row(key, &alternative.finish()?)?, &expected[&name]);
        }
    }
    Ok(())
}

fn slice() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/trades-us-equity-2013-slice.csv")
}

fn trades() -> PathBuf {
    env::var_os("DEALERBOARD_TRADES_CSV").map_or_else(slice, PathBuf::from)
}

/// The oracle's rows by `{key} {method}`.
fn oracle(file: &Path) -> Outcome<BTreeMap<String, Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/positions_fold.py");
    let output = Command::new("python3").arg(script).arg(file).output()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rows = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        rows.insert(format!("{} {}", text("key"), text("method")), row);
    }
    Ok(rows)
}

fn read(file: &Path) -> Outcome<BTreeMap<AggregateId, Vec<ApplyFill>>> {
    let mut fills = BTreeMap::<_, Vec<_>>::new();
    for line in fs::read_to_string(file)?.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let [
            ts,
            account,
            book,
            instrument,
            side,
            quantity,
            price,
            fee,
            trade_id,
        ] = fields[..]
        else {
            return Err(line.into());
        };
        let key = format!("{account}/{book}/{instrument}").parse()?;
        fills.entry(key).or_default().push(ApplyFill {
            exec_id: trade_id.parse()?,
            trade_id: None,
            side: if side == "BUY" { Side::Buy } else { Side::Sell },
            quantity: quantity.parse()?,
            price: price.parse()?,
            multiplier: Decimal::ONE,
            fee: fee.parse()?,
            fee_currency: None,
            currency: "USD".parse()?,
            traded_at: ts.parse()?,
            source_sequence: None,
            lot_method: LotMethod::default(),
            lots: vec![],
        });
    }
    Ok(fills)
}

fn direct(key: &AggregateId, fills: &[ApplyFill], method: LotMethod) -> Outcome<PositionView> {
    Ok(fold(key, fills, method)?.0)
}

/// The way of the platform: decide, apply, project.
fn fold(
    key: &AggregateId,
    fills: &[ApplyFill],
    method: LotMethod,
) -> Outcome<(PositionView, Vec<PositionEvent>)> {
    let mut position = Position::default();
    let mut view = PositionView::default();
    let mut events = Vec::new();
    for fill in fills {
        let accepted = Accepted {
            id: key.clone(),
            actor: "oracle".parse()?,
            identity: None,
            at: fill.traded_at,
            command: PositionCommand::ApplyFill(ApplyFill {
                lot_method: method,
                ..fill.clone()
            }),
        };
        for event in position.decide(&accepted, &())? {
            position.apply(event.clone());
            view.update(&meta(key, view.version + 1), &event);
            events.push(event);
        }
    }
    Ok((view, events))
}

fn meta(key: &AggregateId, sequence: u64) -> EventMeta {
    let command = CommandId(Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().expect("a tenant"),
        aggregate: key.clone(),
        sequence,
        at: Timestamp::from_millis(0),
        actor: "oracle".parse().expect("an actor"),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

fn name(method: LotMethod) -> Outcome<String> {
    Ok(serde_json::to_value(method)?
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// The view in the oracle's shape.
fn row(key: &AggregateId, view: &PositionView) -> Outcome<Value> {
    let text = |value: Decimal| value.normalized().to_string();
    let lots: Vec<_> = view
        .lots
        .iter()
        .map(|lot| json!([lot.exec_id, text(lot.quantity), lot.cost.map(text)]))
        .collect();
    Ok(json!({
        "key": key,
        "method": name(view.lot_method)?,
        "quantity": text(view.quantity),
        "cost": text(view.cost),
        "realised_gross": text(view.realised_gross),
        "fees": text(view.fees),
        "lots": lots,
    }))
}
