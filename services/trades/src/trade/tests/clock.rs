//! When it was done.

use super::*;

const DAY_MS: i64 = 86_400_000;

fn at(traded_at: Timestamp) -> [TradeCommand; 3] {
    let terms = NewTerms {
        traded_at,
        ..new_terms(ORDERED, "49.18")
    };
    let fill = RecordFill {
        traded_at,
        ..report("e1", 40)
    };
    [
        TradeCommand::BookTrade(terms.clone()),
        amend(1, terms),
        TradeCommand::RecordFill(fill),
    ]
}

#[test]
fn what_is_to_come_is_no_trade_yet() {
    // Accepted at second 1: clocks and time zones may be a day apart.
    let ahead = Timestamp::from_millis(1_001 + DAY_MS);
    for command in at(ahead) {
        let mut trade = folded(&[booked()]);
        let refused = send(&mut trade, DEALER, command);
        assert_eq!(
            refused,
            Err(TradeRejection::TradedAhead { traded_at: ahead })
        );
    }
    let [_, amended, filled] = at(Timestamp::from_millis(1_000 + DAY_MS));
    for command in [amended, filled] {
        send(&mut folded(&[booked()]), DEALER, command).unwrap();
    }
}
