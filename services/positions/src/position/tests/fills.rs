//! Fills in the order of their time.

use super::*;

#[test]
fn golden_vector_realises_by_method_and_ends_flat_with_the_same_net() {
    for (method, after_sell) in [
        (LotMethod::Fifo, "180"),
        (LotMethod::Lifo, "80"),
        (LotMethod::Hifo, "80"),
        (LotMethod::SpecId, "180"),
        (LotMethod::Average, "140"),
    ] {
        let commands = golden(method);
        assert_eq!(
            after(commands[..3].to_vec()).realised_gross,
            d(after_sell),
            "{method:?}"
        );

        let flipped = after(commands[..4].to_vec());
        assert_eq!(flipped.realised_gross, d("305"), "{method:?}");
        assert_eq!(flipped.realised_net, Some(d("300.50")), "{method:?}");
        assert_eq!(
            (flipped.quantity, flipped.cost),
            (d("-50"), d("-625")),
            "{method:?}"
        );
        assert_eq!(flipped.average_price, Some(d("12.5")), "{method:?}");

        let ended = after(commands);
        assert_eq!(ended.realised_net, Some(d("325")), "{method:?}");
        assert_eq!((ended.quantity, ended.cost), (d("0"), d("0")), "{method:?}");
        assert!(ended.lots.is_empty(), "{method:?}");
        assert_eq!(ended.average_price, None, "{method:?}");
    }
}

#[test]
fn flip_closes_then_opens_and_splits_the_fee_when_more_is_sold_than_held() {
    let commands = golden(LotMethod::Fifo);
    let events = history(commands[..4].to_vec());
    let [
        ..,
        PositionEvent::PositionClosed(closed),
        PositionEvent::PositionOpened(opened),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((closed.quantity, closed.fee), (d("-90"), d("1.29")));
    assert_eq!((opened.quantity, opened.fee), (d("-50"), d("0.71")));
    assert_eq!((closed.after.quantity, closed.after.cost), (d("0"), d("0")));
    assert_eq!(closed.after.cycle.number, 1);
    assert_eq!(closed.after.cycle.realised_gross, d("305"));
    assert_eq!(closed.after.cycle.fees, d("3.79"));
    assert_eq!(opened.after.cycle.number, 2);
    assert_eq!(opened.after.cycle.fees, d("0.71"));
}

#[test]
fn flip_fee_keeps_its_own_places_when_they_are_finer_than_the_currency() {
    let events = history([
        buy(1, "100", "10"),
        PositionCommand::ApplyFill(fill(2, Side::Sell, "300", "10", "0.1050")),
    ]);
    let Some(PositionEvent::PositionClosed(closed)) = events.get(2) else {
        panic!("{events:?}")
    };
    assert_eq!(closed.fee, d("0.035"));
}

#[test]
fn first_fill_establishes_the_terms_and_opens_a_lot() {
    let events = history([buy(1, "100", "10.50")]);
    let [
        PositionEvent::PositionEstablished(terms),
        PositionEvent::PositionOpened(opened),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (terms.currency.as_str(), terms.multiplier),
        ("USD", Decimal::ONE)
    );
    assert_eq!((opened.cost, opened.after.cost), (d("1050"), d("1050")));
    let shown = view(&events);
    assert_eq!(
        (
            shown.account.as_str(),
            shown.book.as_str(),
            shown.instrument.as_str()
        ),
        ("ACC-1", "PRINCIPAL", "IBM")
    );
    assert_eq!(shown.version, 2);
}

#[test]
fn reduction_says_what_it_took_and_what_is_left_of_the_lot() {
    let events = history([
        buy(1, "100", "10"),
        buy(2, "50", "12"),
        sell(3, "120", "13"),
    ]);
    let Some(PositionEvent::PositionReduced(reduced)) = events.last() else {
        panic!()
    };
    let taken: Vec<_> = reduced
        .matched
        .iter()
        .map(|m| {
            (
                m.exec_id.as_str(),
                m.quantity,
                m.cost,
                m.left.as_ref().map(|l| l.quantity),
            )
        })
        .collect();
    assert_eq!(
        taken,
        [
            ("E1", d("100"), Some(d("1000")), None),
            ("E2", d("20"), Some(d("240")), Some(d("30"))),
        ]
    );
    assert_eq!((reduced.consumed, reduced.realised), (d("1240"), d("320")));
}

#[test]
fn highest_price_goes_first_under_hifo_in_long_and_short_alike() {
    for side in [Side::Buy, Side::Sell] {
        let other = if side == Side::Buy {
            Side::Sell
        } else {
            Side::Buy
        };
        let commands = [
            fill(1, side, "10", "11", "0"),
            fill(2, side, "10", "13", "0"),
            fill(3, side, "10", "12", "0"),
            fill(4, side, "10", "13", "0"),
            fill(5, other, "25", "12", "0"),
        ]
        .map(|fill| {
            PositionCommand::ApplyFill(ApplyFill {
                lot_method: LotMethod::Hifo,
                ..fill
            })
        });
        let left = after(commands).lots;
        let left: Vec<_> = left
            .iter()
            .map(|l| (l.exec_id.as_str(), l.quantity.abs()))
            .collect();
        assert_eq!(left, [("E1", d("10")), ("E3", d("5"))]);
    }
}

#[test]
fn average_keeps_the_remainder_of_its_division_in_the_pool() {
    let bought = [
        fill(1, Side::Buy, "3", "10", "0"),
        fill(2, Side::Buy, "4", "11", "0"),
    ];
    let sold = (3..10).map(|at| fill(at, Side::Sell, "1", "12", "0"));
    let commands: Vec<_> = bought
        .into_iter()
        .chain(sold)
        .map(|fill| {
            PositionCommand::ApplyFill(ApplyFill {
                lot_method: LotMethod::Average,
                ..fill
            })
        })
        .collect();
    let once = after(commands[..3].to_vec());
    assert_eq!(once.cost, d("74").minus(d("10.571428571429")).unwrap());
    let flat = after(commands);
    assert_eq!((flat.cost, flat.realised_gross), (d("0"), d("10")));
}

#[test]
fn price_may_be_negative() {
    let view = after([buy(1, "2", "-37.63"), sell(2, "1", "10")]);
    assert_eq!((view.cost, view.realised_gross), (d("-37.63"), d("47.63")));
    assert_eq!(view.unrealised(d("-30")), Ok(d("7.63")));
}

#[test]
fn multiplier_scales_cost_and_profit_but_not_price() {
    let at = |at, side, price| {
        let fill = fill(at, side, "2", price, "0");
        PositionCommand::ApplyFill(ApplyFill {
            multiplier: d("100"),
            ..fill
        })
    };
    let bought = after([at(1, Side::Buy, "1.25")]);
    assert_eq!(
        (bought.cost, bought.average_price),
        (d("250"), Some(d("1.25")))
    );
    assert_eq!(
        after([at(1, Side::Buy, "1.25"), at(2, Side::Sell, "1.5")]).realised_gross,
        d("50")
    );
}

#[test]
fn alternative_method_answers_from_the_same_events() {
    for (method, realised) in [
        (LotMethod::Fifo, "180"),
        (LotMethod::Lifo, "80"),
        (LotMethod::Hifo, "80"),
        (LotMethod::SpecId, "180"),
        (LotMethod::Average, "140"),
    ] {
        let mut alternative = AlternativeView::new(method);
        let events = history(golden(LotMethod::Fifo)[..3].to_vec());
        for (event, sequence) in events.into_iter().zip(1..) {
            alternative.update(&meta(sequence), event);
        }
        let mut direct = after(golden(method)[..3].to_vec());
        direct.lot_method = method;
        let answered = alternative.finish().unwrap();
        assert_eq!(answered.realised_gross, d(realised));
        assert_eq!(answered, direct);
    }
}

#[test]
fn execution_in_an_event_is_the_one_reported() {
    let events = history([buy(1, "100", "10"), sell(2, "150", "11")]);
    let whole = |event: &PositionEvent| -> Option<Execution> {
        match event {
            PositionEvent::PositionClosed(reduction) => Some(reduction.execution.clone()),
            PositionEvent::PositionOpened(increase) => Some(increase.execution.clone()),
            _ => None,
        }
    };
    let parts: Vec<_> = events[2..].iter().filter_map(whole).collect();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0], parts[1]);
    assert_eq!(parts[0].quantity, d("150"));
}
