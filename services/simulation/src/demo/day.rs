//! The desk, its market and its trades: an endless sequence that the seed decides.

use kernel::{AggregateId, Timestamp};

use super::ticket::{Order, Step, Ticket};
use crate::dice::Dice;

const ACCOUNTS: [&str; 8] = [
    "ALPINE", "BOREAL", "CEDAR", "DELTA", "EVEREST", "FJORD", "GARNET", "HARBOR",
];
const BOOKS: [&str; 2] = ["AGENCY", "PRINCIPAL"];
/// Instruments and where their walk begins, cents.
const INSTRUMENTS: [(&str, u32); 8] = [
    ("AAPL", 23_140),
    ("AIG", 7_420),
    ("GE", 17_580),
    ("IBM", 18_152),
    ("JPM", 24_390),
    ("KO", 6_215),
    ("MSFT", 42_870),
    ("XOM", 11_045),
];

/// Trades under way at once; more would look like a backlog.
const OPEN_MAX: usize = 6;
/// A price never walks below a dollar.
const PRICE_MIN: u32 = 100;
/// When the demo day begins: 2026-01-05T14:30:00Z, a Monday's opening in New York.
const OPENING_MICROS: i64 = 1_767_623_400_000_000;
/// What the market's clock moves by with each command.
const STEP_MICROS: i64 = 200_000;
/// Shares beyond which an account would rather go back.
const INVENTORY_MAX: i64 = 3_000;

/// The state of the demo day after so many commands.
#[derive(Debug)]
pub(super) struct Day {
    seed: u64,
    dice: Dice,
    prices: [u32; INSTRUMENTS.len()],
    inventory: [[i64; INSTRUMENTS.len()]; ACCOUNTS.len()],
    open: Vec<Open>,
    booked: u64,
    steps: i64,
}

#[derive(Debug)]
struct Open {
    ticket: Ticket,
    account: usize,
    instrument: usize,
}

impl Day {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            dice: Dice::new(seed),
            prices: INSTRUMENTS.map(|(_, price)| price),
            inventory: [[0; INSTRUMENTS.len()]; ACCOUNTS.len()],
            open: Vec::with_capacity(OPEN_MAX),
            booked: 0,
            steps: 0,
        }
    }

    /// Prices walk, and one trade moves on, maybe a new one.
    pub(super) fn step(&mut self) -> Step {
        self.walk();
        self.steps += 1;
        let at = Timestamp::from_micros(OPENING_MICROS + self.steps * STEP_MICROS);
        let is_full = self.open.len() == OPEN_MAX;
        let place = if self.open.is_empty() || (!is_full && self.dice.once_in(2)) {
            self.book()
        } else {
            self.dice.place(self.open.len())
        };
        let open = &mut self.open[place];
        let before = open.ticket.filled();
        let step = open.ticket.advance(self.prices[open.instrument], at);
        self.inventory[open.account][open.instrument] += open.ticket.filled() - before;
        if open.ticket.is_over() {
            self.open.swap_remove(place);
        }
        step
    }

    fn walk(&mut self) {
        for price in &mut self.prices {
            let ticks = self.dice.within(0..=6);
            *price = (*price + ticks).saturating_sub(3).max(PRICE_MIN);
        }
    }

    /// Opens a trade and returns its index.
    fn book(&mut self) -> usize {
        let dice = &mut self.dice;
        let account = dice.place(ACCOUNTS.len());
        let instrument = dice.place(INSTRUMENTS.len());
        let held = self.inventory[account][instrument];
        let is_buy = match held {
            INVENTORY_MAX.. => false,
            held if held <= -INVENTORY_MAX => true,
            _ => dice.once_in(2),
        };
        self.booked += 1;
        let id = format!("DEMO-{}-{}", self.seed, self.booked);
        let order = Order {
            id: AggregateId::new(&id).expect("a word and two numbers are an aggregate id"),
            account: ACCOUNTS[account],
            book: BOOKS[dice.place(BOOKS.len())],
            instrument: INSTRUMENTS[instrument].0,
            is_buy,
            lots: dice.within(1..=12),
            limit: self.prices[instrument],
        };
        let ticket = Ticket::new(order, dice);
        self.open.push(Open {
            ticket,
            account,
            instrument,
        });
        self.open.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use kernel::{Accepted, AggregateId, Context};
    use serde_json::json;
    use trades::Trade;

    use super::super::ticket::{By, Step};
    use super::Day;

    fn decided<A: Context>(aggregate: &mut A, command: Accepted<A::Input>) -> usize
    where
        A::Services: Default,
    {
        let events = aggregate.decide(&command, &A::Services::default());
        let events = events.map_err(|rejection| rejection.to_string()).unwrap();
        let count = events.len();
        for event in events {
            aggregate.apply(event);
        }
        count
    }

    fn accepted(step: &Step) -> Accepted<trades::TradeCommand> {
        let actor = match step.by {
            By::Trader | By::Venue => "desk",
            By::Control => "control",
        };
        let command = json!({ "type": step.kind, "data": step.data });
        Accepted {
            id: step.aggregate.clone(),
            actor: actor.parse().unwrap(),
            identity: None,
            at: "2026-02-01T00:00:00Z".parse().unwrap(),
            command: serde_json::from_value(command).unwrap(),
        }
    }

    #[test]
    fn every_command_of_the_day_is_accepted_and_moves_its_trade() {
        let mut trades = BTreeMap::<AggregateId, Trade>::new();
        let mut kinds = BTreeSet::new();
        let mut day = Day::new(1);
        for _ in 0..5_000 {
            let step = day.step();
            let trade = trades.entry(step.aggregate.clone()).or_default();
            let events = decided(trade, accepted(&step));
            assert!(events > 0, "{step:?}");
            kinds.insert(step.kind);
        }
        let all = [
            "BookTrade",
            "BustFill",
            "CancelTrade",
            "CorrectFill",
            "RecordFill",
        ];
        assert_eq!(kinds, BTreeSet::from(all));
    }

    #[test]
    fn day_is_the_same_when_the_seed_is() {
        let steps = |seed| -> Vec<String> {
            let mut day = Day::new(seed);
            (0..500).map(|_| format!("{:?}", day.step())).collect()
        };
        assert_eq!(steps(7), steps(7));
        assert_ne!(steps(7), steps(8));
    }
}
