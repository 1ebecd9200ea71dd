//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::Context;
use kernel::route::{CommandRoute, IdFrom};
use kernel::{Accepted, Actor, Decimal};
use serde::{Deserialize, Serialize};

use super::command::{AmendTrade, NewTerms, NoteRefusal, TradeCommand};
use super::event::{
    PositionRefused, RemainderCancelled, TradeAmended, TradeBooked, TradeCancelled, TradeEvent,
};
use super::execution::Fills;
use super::filling::{Filling, less};
use super::label::TradeId;
use super::rejection::TradeRejection;
use super::stage::{Order, Stage, TradeState};
use super::terms::Terms;

/// One trade.
///
/// Enrichment and validation do not exist yet: until they do, `Booked` takes the place of
/// `Validated`, and the first fill is legal from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Events so far.
    version: u64,
    stage: Stage,
}

type Decision = Result<Vec<TradeEvent>, TradeRejection>;

impl Trade {
    #[must_use]
    pub fn state(&self) -> TradeState {
        self.stage.state()
    }

    /// Events so far; 0 for a trade that does not exist.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Context for Trade {
    const NAME: &'static str = "trades";

    const SHAPE: u16 = 1;

    const COMMANDS: &'static [CommandRoute] = &[
        CommandRoute {
            path: "/v1/trades",
            command: "BookTrade",
            id: IdFrom::Body(&["trade_id"]),
        },
        CommandRoute {
            path: "/v1/trades/{trade_id}/fills",
            command: "RecordFill",
            id: IdFrom::Path,
        },
        CommandRoute {
            path: "/v1/trades/{trade_id}/cancellations",
            command: "CancelTrade",
            id: IdFrom::Path,
        },
        CommandRoute {
            path: "/v1/trades/{trade_id}/amendments",
            command: "AmendTrade",
            id: IdFrom::Path,
        },
        CommandRoute {
            path: "/v1/trades/{trade_id}/corrections",
            command: "CorrectFill",
            id: IdFrom::Path,
        },
        CommandRoute {
            path: "/v1/trades/{trade_id}/busts",
            command: "BustFill",
            id: IdFrom::Path,
        },
    ];

    const INTERNAL: &'static [&'static str] = &["NoteRefusal"];

    type Input = TradeCommand;

    fn decide(&self, accepted: &Accepted<TradeCommand>, _policy: &()) -> Decision {
        use TradeCommand as C;
        let by = &accepted.actor;
        match (&self.stage, &accepted.command) {
            (Stage::Absent, C::BookTrade(terms)) => book(accepted, terms),
            (
                Stage::Booked(order)
                | Stage::PartiallyFilled(order, _)
                | Stage::Executed(order, _)
                | Stage::Cancelled(order)
                | Stage::Busted(order, _),
                C::BookTrade(terms),
            ) => book_again(order, terms),

            (Stage::Booked(order), C::RecordFill(fill)) => {
                Filling::new(order, Fills::NONE, by).record(fill)
            }
            // An executed trade has nothing left to fill, so that what comes is an overfill.
            (
                Stage::PartiallyFilled(order, fills) | Stage::Executed(order, fills),
                C::RecordFill(fill),
            ) => Filling::new(order, fills, by).record(fill),
            // The market may fill what we believe is over. That is real and never dropped.
            (Stage::Cancelled(order), C::RecordFill(fill)) => {
                Filling::new(order, Fills::NONE, by).keep_unmatched(fill)
            }
            (Stage::Busted(order, fills), C::RecordFill(fill)) => {
                Filling::new(order, fills, by).keep_unmatched(fill)
            }

            (Stage::Booked(order), C::CancelTrade(_)) => Ok(cancel(order, by)),
            (Stage::PartiallyFilled(order, fills), C::CancelTrade(_)) => {
                Ok(cancel_remainder(order, fills.cum, by))
            }
            // A second cancel is a retry: what the caller wants already holds.
            (Stage::Cancelled(_), C::CancelTrade(_)) => Ok(vec![]),
            (Stage::Executed(_, fills), C::CancelTrade(_)) if fills.remainder_cancelled => {
                Ok(vec![])
            }

            (Stage::Booked(order), C::AmendTrade(amend)) => self.amend(order, amend, by),

            (
                Stage::PartiallyFilled(order, fills) | Stage::Executed(order, fills),
                C::CorrectFill(fill),
            ) => Filling::new(order, fills, by).correct(fill),
            (
                Stage::PartiallyFilled(order, fills) | Stage::Executed(order, fills),
                C::BustFill(fill),
            ) => Filling::new(order, fills, by).bust(fill),
            // The bust that ended the trade, or one before it, sent again.
            (Stage::Busted(_, fills), C::BustFill(fill))
                if fills.by_id.contains_key(&fill.exec_id) =>
            {
                Ok(vec![])
            }

            (
                Stage::Booked(_)
                | Stage::PartiallyFilled(..)
                | Stage::Executed(..)
                | Stage::Cancelled(_)
                | Stage::Busted(..),
                C::NoteRefusal(refusal),
            ) => Ok(vec![note(refusal)]),

            (
                Stage::Absent,
                C::RecordFill(_)
                | C::CancelTrade(_)
                | C::AmendTrade(_)
                | C::CorrectFill(_)
                | C::BustFill(_)
                | C::NoteRefusal(_),
            )
            | (Stage::Booked(_), C::CorrectFill(_) | C::BustFill(_))
            | (Stage::PartiallyFilled(..), C::AmendTrade(_))
            | (Stage::Executed(..), C::CancelTrade(_) | C::AmendTrade(_))
            | (Stage::Cancelled(_), C::AmendTrade(_) | C::CorrectFill(_) | C::BustFill(_))
            | (
                Stage::Busted(..),
                C::CancelTrade(_) | C::AmendTrade(_) | C::CorrectFill(_) | C::BustFill(_),
            ) => Err(self.refuse(&accepted.command)),
        }
    }
}

impl Aggregate for Trade {
    const TYPE: &'static str = "trade";
    type Command = Accepted<TradeCommand>;
    type Event = TradeEvent;
    type Error = TradeRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), TradeRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TradeEvent) {
        self.version += 1;
        self.stage.apply(event);
    }
}

impl Trade {
    fn amend(&self, order: &Order, amend: &AmendTrade, by: &Actor) -> Decision {
        let terms = Terms::from(&amend.terms);
        // Before the version: after an amendment its retry finds the version it made itself.
        if terms == order.terms {
            return Ok(vec![]);
        }
        if amend.expected_version != self.version {
            return Err(TradeRejection::VersionConflict {
                expected: amend.expected_version,
                actual: self.version,
            });
        }
        Ok(vec![TradeEvent::TradeAmended(TradeAmended {
            terms,
            amended_by: by.clone(),
        })])
    }

    fn refuse(&self, command: &TradeCommand) -> TradeRejection {
        TradeRejection::InvalidTransition {
            state: self.state(),
            command: command.name(),
            version: self.version,
        }
    }
}

fn book(accepted: &Accepted<TradeCommand>, terms: &NewTerms) -> Decision {
    let trade_id = TradeId::new(accepted.id.as_str()).map_err(TradeRejection::TradeIdInvalid)?;
    Ok(vec![TradeEvent::TradeBooked(TradeBooked {
        trade_id,
        terms: terms.into(),
        booked_by: accepted.actor.clone(),
    })])
}

fn book_again(order: &Order, terms: &NewTerms) -> Decision {
    if Terms::from(terms) == *order.as_booked() {
        Ok(vec![])
    } else {
        Err(TradeRejection::IdConflict)
    }
}

fn note(refusal: &NoteRefusal) -> TradeEvent {
    TradeEvent::PositionRefused(PositionRefused {
        exec_id: refusal.exec_id.clone(),
        report: refusal.report,
        code: refusal.code.clone(),
        detail: refusal.detail.clone(),
    })
}

fn cancel(order: &Order, by: &Actor) -> Vec<TradeEvent> {
    vec![TradeEvent::TradeCancelled(TradeCancelled {
        cancelled_quantity: order.quantity,
        cancelled_by: by.clone(),
    })]
}

fn cancel_remainder(order: &Order, cum: Decimal, by: &Actor) -> Vec<TradeEvent> {
    vec![TradeEvent::RemainderCancelled(RemainderCancelled {
        cancelled_quantity: less(order.quantity, cum),
        order_quantity: cum,
        cancelled_by: by.clone(),
    })]
}
