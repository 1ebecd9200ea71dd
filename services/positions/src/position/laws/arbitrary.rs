//! Commands of every kind, often at odds with each other.

use std::num::NonZeroU32;

use kernel::{Decimal, Timestamp};
use proptest::prelude::*;

use crate::lots::execution::{Selected, Side, TradeId};
use crate::lots::terms::LotMethod;
use crate::position::tests::exec;
use crate::position::{
    ApplyFill, ApplySplit, BustFill, ChangeLotMethod, CorrectFill, PositionCommand,
    RecordSettlement,
};

pub(super) fn a_method() -> impl Strategy<Value = LotMethod> {
    prop::sample::select(&LotMethod::ALL[..])
}

/// Few instants, few quantities and few prices, so that ties, closes and flips are common.
pub(super) fn a_fill() -> impl Strategy<Value = ApplyFill> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let quantity = prop_oneof![
        (1i64..6).prop_map(Decimal::from),
        (1i128..400_000_000).prop_map(|n| Decimal::from_parts(n, 8).unwrap()),
    ];
    let price = (-20i128..2_000).prop_map(|n| Decimal::from_parts(n, 2).unwrap());
    let fee = (-100i128..1_000).prop_map(|n| Decimal::from_parts(n, 3).unwrap());
    let lots = prop::collection::btree_map(0u32..60, 1i64..4, 0..3);
    let name = (0u32..60, 0u32..3);
    let sequence = prop::option::of(0u64..4);
    (name, sequence, side, quantity, price, fee, 0i64..40, lots).prop_map(
        |((name, trade), source_sequence, side, quantity, price, fee, at, lots)| ApplyFill {
            exec_id: exec(&format!("E{name:02}")),
            trade_id: Some(trade_id(trade)),
            side,
            quantity,
            price,
            multiplier: Decimal::ONE,
            fee,
            fee_currency: None,
            currency: "USD".parse().unwrap(),
            traded_at: Timestamp::from_millis(at),
            source_sequence,
            lot_method: LotMethod::Fifo,
            lots: lots
                .into_iter()
                .map(|(name, quantity)| Selected {
                    exec_id: exec(&format!("E{name:02}")),
                    trade_id: None,
                    quantity: quantity.into(),
                })
                .collect(),
        },
    )
}

pub(super) fn trade_id(number: u32) -> TradeId {
    format!("T{number}").parse().unwrap()
}

pub(super) fn a_split() -> impl Strategy<Value = ApplySplit> {
    let price = prop::option::of((1i128..2_000).prop_map(|n| Decimal::from_parts(n, 2).unwrap()));
    (0u32..3, 1u32..5, 1u32..5, 0i64..40, price, any::<bool>()).prop_map(
        |(name, a, b, at, price, up)| ApplySplit {
            split_id: format!("S{name}").parse().unwrap(),
            numerator: NonZeroU32::new(a).unwrap(),
            denominator: NonZeroU32::new(b).unwrap(),
            ex_at: Timestamp::from_millis(at),
            cash_in_lieu_price: price,
            round_up: up && price.is_none(),
        },
    )
}

pub(super) fn a_command() -> impl Strategy<Value = PositionCommand> {
    let settlement = (0u32..5, -5i64..5).prop_map(|(name, quantity)| RecordSettlement {
        settlement_id: format!("X{name}").parse().unwrap(),
        quantity: quantity.into(),
    });
    prop_oneof![
        12 => a_fill().prop_map(PositionCommand::ApplyFill),
        2 => a_fill().prop_map(|fill| PositionCommand::CorrectFill(CorrectFill {
            exec_id: fill.exec_id,
            trade_id: fill.trade_id,
            quantity: fill.quantity,
            price: fill.price,
            fee: fill.fee,
            fee_currency: None,
        })),
        2 => a_fill()
            .prop_map(|fill| PositionCommand::BustFill(BustFill { exec_id: fill.exec_id, trade_id: fill.trade_id })),
        1 => a_split().prop_map(PositionCommand::ApplySplit),
        1 => a_method()
            .prop_map(|lot_method| PositionCommand::ChangeLotMethod(ChangeLotMethod { lot_method })),
        1 => settlement.prop_map(PositionCommand::RecordSettlement),
    ]
}

pub(super) fn commands() -> impl Strategy<Value = Vec<PositionCommand>> {
    (a_method(), prop::collection::vec(a_command(), 1..80)).prop_map(|(method, mut commands)| {
        for command in &mut commands {
            if let PositionCommand::ApplyFill(fill) = command {
                fill.lot_method = method;
            }
        }
        commands
    })
}

pub(super) fn fills(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<ApplyFill>> {
    prop::collection::vec(a_fill(), count).prop_map(|mut fills| {
        for (fill, name) in fills.iter_mut().zip(0..) {
            fill.exec_id = exec(&format!("E{:04}", name / 3));
            fill.trade_id = Some(trade_id(name % 3));
            // A choice that is refused when it comes in time would hide the law.
            fill.lots.clear();
        }
        fills
    })
}
