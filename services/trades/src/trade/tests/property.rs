//! What holds after any sequence of commands.

use std::collections::BTreeMap;

use kernel::View;
use proptest::prelude::*;

use super::viewing::{meta, viewed};
use super::*;

type Sent = (&'static str, TradeCommand);

/// Few ids and round quantities, so that conflicts, retries, overfills and exact fits are common.
fn command() -> impl Strategy<Value = TradeCommand> {
    let id = prop::sample::select(vec!["e1", "e2", "e3", "e4", "e5"]);
    let quantity = prop::sample::select(vec![10i64, 20, 30, 50, 100]);
    let price = prop::sample::select(vec!["49.18", "50", "-0.000000001"]);
    let ordered = prop::sample::select(vec![50i64, 100, 150]);
    let resolution = prop::sample::select(vec![Resolution::TakeIn, Resolution::Refuse]);
    prop_oneof![
        1 => (ordered.clone(), price.clone())
            .prop_map(|(ordered, price)| TradeCommand::BookTrade(new_terms(ordered, price))),
        8 => (id.clone(), quantity.clone()).prop_map(|(id, quantity)| fill(id, quantity)),
        1 => Just(cancel()),
        1 => (0u64..4, ordered, price.clone()).prop_map(|(expected, ordered, price)| {
            amend(expected, new_terms(ordered, price))
        }),
        4 => (id.clone(), quantity, price)
            .prop_map(|(id, quantity, price)| correct(id, quantity, price)),
        3 => id.clone().prop_map(bust),
        2 => (id.clone(), resolution).prop_map(|(id, resolution)| settle(id, resolution)),
        1 => id.clone().prop_map(|id| TradeCommand::SettleBreak(SettleBreak {
            exec_id: exec_id(id),
            resolution: Resolution::HandOver,
            to: Some("T-2".parse().unwrap()),
            note: "of the other order".parse().unwrap(),
        })),
    ]
}

/// Most start with a booking: little happens to a trade that does not exist.
fn commands() -> impl Strategy<Value = Vec<Sent>> {
    let by = prop::sample::select(vec![DEALER, SECOND, "fix-gateway"]);
    let first = prop_oneof![9 => Just(book()), 1 => command()];
    let rest = prop::collection::vec((by, command()), 0..40);
    (first, rest).prop_map(|(first, mut rest)| {
        rest.insert(0, (DEALER, first));
        rest
    })
}

/// Sends them all and returns their events.
fn run(commands: Vec<Sent>) -> (Trade, Vec<TradeEvent>) {
    let mut trade = Trade::default();
    let mut log = Vec::new();
    for (by, command) in commands {
        log.extend(send(&mut trade, by, command).unwrap_or_default());
    }
    (trade, log)
}

/// The quantity each execution counts for, worked out from the log alone.
fn counted(log: &[TradeEvent]) -> BTreeMap<ExecId, Quantity> {
    let mut counted = BTreeMap::new();
    for event in log {
        match event {
            TradeEvent::FillRecorded(fill) => {
                let before = counted.insert(fill.exec_id.clone(), fill.quantity);
                assert_eq!(before, None, "counted twice");
            }
            TradeEvent::FillCorrected(fill) => {
                counted.insert(fill.exec_id.clone(), fill.quantity).unwrap();
            }
            TradeEvent::FillBusted(fill) => {
                counted.remove(&fill.exec_id).unwrap();
            }
            _ => {}
        }
    }
    counted
}

fn sum(quantities: impl Iterator<Item = Decimal>) -> Decimal {
    quantities.fold(Decimal::ZERO, |sum, next| sum.plus(next).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn replay_and_snapshot_with_tail_give_the_live_state(commands in commands()) {
        let (live, log) = run(commands);
        let bytes: Vec<_> = log.iter().map(|event| serde_json::to_vec(event).unwrap()).collect();
        let (mut replay, mut view) = (Trade::default(), TradeView::default());
        for at in 0..=log.len() {
            let snapshot = serde_json::to_vec(&replay).unwrap();
            let mut tailed: Trade = serde_json::from_slice(&snapshot).unwrap();
            let snapshot = serde_json::to_vec(&view).unwrap();
            let mut tailed_view: TradeView = serde_json::from_slice(&snapshot).unwrap();
            for (sequence, event) in (1..).zip(&bytes).skip(at) {
                let event: TradeEvent = serde_json::from_slice(event).unwrap();
                tailed_view.update(&meta(sequence), &event);
                tailed.apply(event);
            }
            prop_assert_eq!(&tailed, &live);
            // A snapshot is compared byte by byte with the fold of the events.
            prop_assert_eq!(serde_json::to_vec(&tailed).unwrap(), serde_json::to_vec(&live).unwrap());
            prop_assert_eq!(&tailed_view, &viewed(&log));
            if let Some(event) = log.get(at) {
                view.update(&meta(at as u64 + 1), event);
                replay.apply(event.clone());
            }
        }
    }

    #[test]
    fn decision_is_repeatable_and_a_rejection_leaves_no_trace(commands in commands()) {
        let (mut trade, mut events) = (Trade::default(), 0);
        for (by, command) in commands {
            let before = trade.clone();
            let once = before.decide(&accepted(by, command.clone()), &());
            let twice = before.decide(&accepted(by, command.clone()), &());
            prop_assert_eq!(&once, &twice);
            let sent = send(&mut trade, by, command);
            prop_assert_eq!(&once, &sent);
            match sent {
                Ok(new) => events += new.len() as u64,
                Err(_) => prop_assert_eq!(&trade, &before),
            }
            prop_assert_eq!(trade.version(), events);
        }
    }

    #[test]
    fn accepted_command_sent_again_has_no_second_effect(commands in commands()) {
        let mut trade = Trade::default();
        for (by, command) in commands {
            if send(&mut trade, by, command.clone()).is_ok() {
                let again = trade.decide(&accepted(by, command.clone()), &());
                prop_assert_eq!(again, Ok(vec![]), "{:?}", command);
            }
        }
    }

    #[test]
    fn quantities_are_conserved_at_every_version(commands in commands()) {
        let (_, log) = run(commands);
        for version in 1..=log.len() {
            let log = &log[..version];
            let view = viewed(log).0.unwrap();
            prop_assert_eq!(view.state, folded(log).state());
            prop_assert_eq!(view.version, version as u64);

            let cum = sum(counted(log).into_values().map(Quantity::get));
            prop_assert_eq!(view.cum_quantity, cum);
            prop_assert!(cum <= view.quantity);
            let left = view.quantity.minus(cum).unwrap();
            let (state, leaves) = (view.state, view.leaves_quantity);
            prop_assert!(view.quantity <= view.ordered_quantity);
            match state {
                TradeState::Booked => prop_assert!(cum.is_zero() && leaves == left),
                TradeState::PartiallyFilled => {
                    prop_assert!(cum.is_positive() && left.is_positive() && leaves == left);
                }
                TradeState::Executed => prop_assert!(left.is_zero() && leaves.is_zero()),
                TradeState::Cancelled => {
                    prop_assert!(cum.is_zero() && leaves.is_zero());
                }
                TradeState::Absent => prop_assert!(false, "has events and is absent"),
            }
        }
    }

    #[test]
    fn view_shows_each_execution_once_with_what_it_counts_for(commands in commands()) {
        let (_, log) = run(commands);
        let Some(view) = viewed(&log).0 else { return Ok(()) };
        let effective = view.fills.iter().filter(|fill| fill.status != FillStatus::Busted);
        let shown: BTreeMap<_, _> =
            effective.clone().map(|fill| (fill.exec_id.clone(), fill.quantity)).collect();
        prop_assert_eq!(shown, counted(&log));
        let amounts = effective.map(|fill| fill.quantity.get().times(fill.price.get()).unwrap());
        prop_assert_eq!(view.gross_amount, Some(sum(amounts)));

        let mut ids: Vec<_> = view.fills.iter().map(|fill| &fill.exec_id).collect();
        ids.extend(view.breaks.iter().filter(|b| b.resolved_version.is_none()).map(|b| &b.exec_id));
        let known = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), known);
    }

    #[test]
    fn recorder_does_not_change_a_fill_alone(commands in commands()) {
        let (_, log) = run(commands);
        let mut recorder = BTreeMap::new();
        for event in &log {
            match event {
                TradeEvent::FillRecorded(fill) => {
                    recorder.insert(&fill.exec_id, &fill.recorded_by);
                }
                TradeEvent::FillCorrected(fill) => {
                    prop_assert_ne!(recorder[&fill.exec_id], &fill.corrected_by);
                }
                TradeEvent::FillBusted(fill) => {
                    prop_assert_ne!(recorder[&fill.exec_id], &fill.busted_by);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn any_arrival_of_the_same_reports_gives_the_same_trade(
        executions in executions(),
        one in prop::collection::vec(0u32..1_000, 64),
        other in prop::collection::vec(0u32..1_000, 64),
        cancelled_after in prop::option::of(0usize..20),
    ) {
        let mut ends = [one, other].map(|keys| {
            let mut commands = arrival(&executions, &keys);
            // The desk cancels; the market continues to report.
            if let Some(at) = cancelled_after {
                commands.insert(at.min(commands.len()), (DEALER, cancel()));
            }
            commands.insert(0, (DEALER, book()));
            let (_, log) = run(commands);
            economics(viewed(&log).0.unwrap())
        });
        // Whether the cancel came before everything was filled is a matter of arrival.
        if ends.iter().any(|end| end.cancelled) {
            for end in &mut ends {
                end.cancelled = true;
                end.leaves_quantity = Decimal::ZERO;
                end.quantity = end.cum_quantity;
                end.state = TradeState::Executed;
            }
        }
        let [one, other] = ends;
        prop_assert_eq!(one, other);
    }
}

/// What is reported of one execution, in the order in which it can only be.
type Reports = Vec<Sent>;

/// Executions of at most what is ordered, some of them corrected or busted by the venue, each report
/// sent once or twice.
fn executions() -> impl Strategy<Value = Vec<Reports>> {
    let fate = prop::sample::select(vec!["stands", "corrected", "busted", "both"]);
    let one = (1i64..=12, fate, any::<bool>());
    prop::collection::vec(one, 1..8).prop_map(|all| {
        let of = |(n, (quantity, fate, twice)): (usize, (i64, &str, bool))| {
            let id = format!("e{n}");
            let mut reports = vec![(DEALER, fill(&id, quantity))];
            if matches!(fate, "corrected" | "both") {
                reports.push((SECOND, correct(&id, (quantity + 1) / 2, "50")));
            }
            if matches!(fate, "busted" | "both") {
                reports.push((SECOND, bust(&id)));
            }
            if twice {
                reports = reports
                    .into_iter()
                    .flat_map(|sent| [sent.clone(), sent])
                    .collect();
            }
            reports
        };
        all.into_iter().enumerate().map(of).collect()
    })
}

/// One interleaving: reports of an execution keep their order, those of others do not.
fn arrival(executions: &[Reports], keys: &[u32]) -> Vec<Sent> {
    let mut keys = keys.iter().copied().cycle();
    let mut keyed = Vec::new();
    for reports in executions {
        let mut own: Vec<u32> = keys.by_ref().take(reports.len()).collect();
        own.sort_unstable();
        keyed.extend(own.into_iter().zip(reports.iter().cloned()));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, sent)| sent).collect()
}

/// Without what tells of the order of arrival.
fn economics(mut trade: TradeSummary) -> TradeSummary {
    trade.version = 0;
    trade
        .fills
        .sort_by(|one, other| one.exec_id.cmp(&other.exec_id));
    for fill in &mut trade.fills {
        fill.version = 0;
    }
    trade
}
