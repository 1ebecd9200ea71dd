//! What is refused, and the message of each refusal.

use super::*;

#[test]
fn numbers_out_of_range_are_refused() {
    use PositionRejection as R;
    let base = || fill(2, Side::Buy, "1", "1", "1");
    let cases = [
        (
            ApplyFill {
                quantity: d("0"),
                ..base()
            },
            R::QuantityOutOfRange(d("0")),
        ),
        (
            ApplyFill {
                quantity: d("-1"),
                ..base()
            },
            R::QuantityOutOfRange(d("-1")),
        ),
        (
            ApplyFill {
                quantity: d("0.0000000000000000001"),
                ..base()
            },
            R::QuantityOutOfRange(d("0.0000000000000000001")),
        ),
        (
            ApplyFill {
                price: d("0.0000000000000000001"),
                ..base()
            },
            R::PriceTooFine(d("0.0000000000000000001")),
        ),
        (
            ApplyFill {
                fee: d("0.0000000000000000001"),
                ..base()
            },
            R::FeeTooFine(d("0.0000000000000000001")),
        ),
        (
            ApplyFill {
                multiplier: d("0"),
                ..base()
            },
            R::MultiplierOutOfRange(d("0")),
        ),
        (
            ApplyFill {
                multiplier: d("10"),
                ..base()
            },
            R::MultiplierMismatch {
                kept: d("1"),
                asked: d("10"),
            },
        ),
        (
            ApplyFill {
                currency: "EUR".parse().unwrap(),
                ..base()
            },
            R::CurrencyMismatch {
                kept: "USD".parse().unwrap(),
                asked: "EUR".parse().unwrap(),
            },
        ),
    ];
    for (fill, rejection) in cases {
        let command = PositionCommand::ApplyFill(fill);
        assert_eq!(refused(vec![buy(1, "1", "1")], command), rejection);
    }
}

#[test]
fn amount_beyond_77_digits_is_refused_and_never_rounded() {
    let (exact, large) = (
        format!("1{}1", "0".repeat(56)),
        format!("1{}1", "0".repeat(58)),
    );
    let view = after([buy(1, &exact, "1234567890.123456789")]);
    assert_eq!(view.cost.places(), 9);
    let rejection = refused(vec![], buy(1, &large, "1234567890.123456789"));
    assert_eq!(rejection, PositionRejection::AmountInexact);
    assert_eq!(rejection.code(), codes::AMOUNT_INEXACT);
}

#[test]
fn lot_beyond_the_limit_is_refused_but_a_flip_is_not() {
    let lots = i64::try_from(guard::LOTS_MAX).unwrap();
    let mut position = Position::default();
    for at in 1..=lots {
        send(&mut position, buy(at, "1", "10")).unwrap();
    }
    let limit = PositionRejection::LotLimit {
        max: guard::LOTS_MAX,
    };
    assert_eq!(
        send(&mut position, buy(lots + 1, "1", "10")),
        Err(limit.clone())
    );
    assert_eq!(send(&mut position, buy(0, "1", "10")), Err(limit));
    let flip = send(&mut position, sell(lots + 1, "6000", "10")).unwrap();
    let record = serde_json::to_vec(&flip[0]).unwrap();
    assert!(record.len() < 1_000_000, "{}", record.len());
}

#[test]
fn unknown_executions_and_empty_positions_are_refused() {
    let unknown = PositionRejection::FillUnknown(exec("E9"));
    for given in [vec![], vec![buy(1, "1", "1")]] {
        assert_eq!(refused(given.clone(), bust("E9")), unknown);
        assert_eq!(refused(given, correct("E9", "1", "1")), unknown);
    }
    assert_eq!(
        refused(vec![], split(1, 2, 1, None)),
        PositionRejection::NotTraded
    );
    let change = ChangeLotMethod {
        lot_method: LotMethod::Lifo,
    };
    let change = PositionCommand::ChangeLotMethod(change);
    assert_eq!(refused(vec![], change), PositionRejection::NotTraded);
}

#[test]
fn key_with_fewer_than_three_parts_is_refused() {
    for key in ["A", "A/B"] {
        let command = Accepted {
            id: key.parse().unwrap(),
            ..accepted(buy(1, "1", "1"))
        };
        let decided = Position::default().decide(&command, &());
        assert_eq!(decided, Err(PositionRejection::KeyMalformed), "{key}");
    }
    let pair = Accepted {
        id: "A1/PROP/EUR/USD".parse().unwrap(),
        ..accepted(buy(1, "1", "1"))
    };
    assert!(Position::default().decide(&pair, &()).is_ok());
}

#[test]
fn command_with_an_unknown_field_is_refused() {
    let text = r#"{"type":"BustFill","data":{"exec_id":"E1"}}"#;
    let read = serde_json::from_str::<PositionCommand>(text).unwrap();
    assert_eq!(read, bust("E1"));
    let text = text.replace("\"E1\"", "\"E1\",\"why\":1");
    assert!(serde_json::from_str::<PositionCommand>(&text).is_err());
}

#[test]
fn every_code_has_its_page() {
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in codes::ALL {
        let page = std::fs::read_to_string(pages.join(format!("{code}.md")));
        assert!(page.is_ok_and(|page| page.contains(code.name)), "{code}");
    }
}
