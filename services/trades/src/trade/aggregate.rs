//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::Context;
use kernel::route::CommandRoute;
use kernel::{Accepted, Actor, AggregateId, Facts};
use serde::{Deserialize, Serialize};

use super::amending;
use super::clock;
use super::command::{AmendTrade, NewTerms, NoteRefusal, TradeCommand};
use super::event::{PositionRefused, RemainderCancelled, TradeBooked, TradeCancelled, TradeEvent};
use super::facts;
use super::filling::{Filling, less};
use super::label::TradeId;
use super::rejection::TradeRejection;
use super::route;
use super::settling::Settling;
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

    const SHAPE: u16 = 2;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    const INTERNAL: &'static [&'static str] = &["NoteRefusal"];

    type Input = TradeCommand;

    fn reaches(command: &TradeCommand) -> Option<AggregateId> {
        match command {
            TradeCommand::SettleBreak(settle) => {
                AggregateId::new(settle.to.as_ref()?.as_str()).ok()
            }
            _ => None,
        }
    }

    fn facts(_: &AggregateId, command: Option<&TradeCommand>) -> Facts {
        command.map(facts::asked).unwrap_or_default()
    }

    fn decide(&self, accepted: &Accepted<TradeCommand>, _policy: &()) -> Decision {
        use TradeCommand as C;
        clock::not_ahead(accepted)?;
        let (by, command) = (&accepted.actor, &accepted.command);
        let order = match (&self.stage, command) {
            (Stage::Absent, C::BookTrade(terms)) => return book(accepted, terms),
            (Stage::Absent, _) => return Err(self.refuse(command)),
            (Stage::Ordered(order), _) => order,
        };
        let filling = Filling::new(order, by);
        match command {
            C::BookTrade(terms) => book_again(order, terms),
            C::RecordFill(fill) => filling.record(fill),
            C::CancelTrade(_) => self.cancel(order, accepted),
            C::AmendTrade(amend) if !self.amendable(order, amend) => Err(self.refuse(command)),
            C::AmendTrade(amend) => amending::amend(order, self.version, amend, by),
            C::CorrectFill(_) | C::BustFill(_) if order.fills.is_empty() => {
                Err(self.refuse(command))
            }
            C::CorrectFill(fill) => filling.correct(fill),
            C::BustFill(fill) => filling.bust(fill),
            C::SettleBreak(command) => Settling {
                trade: &accepted.id,
                order,
                command,
                by,
            }
            .decide(),
            C::NoteRefusal(refusal) => Ok(vec![note(refusal)]),
        }
    }

    fn raised(event: &TradeEvent) -> Option<&'static str> {
        match event {
            TradeEvent::OverfillRaised(_) => Some("overfill"),
            TradeEvent::UnmatchedFill(_) => Some("unmatched"),
            TradeEvent::PositionRefused(_) => Some("refused"),
            _ => None,
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
    /// What is filled may grow, and nothing else of it may change; what was cancelled is over.
    fn amendable(&self, order: &Order, amend: &AmendTrade) -> bool {
        let grows = amend.terms.quantity.get() > order.cum;
        let filled = self.state() == TradeState::Executed;
        let retry = Terms::from(&amend.terms) == order.terms;
        !order.cancelled && (!filled || grows || retry)
    }

    fn cancel(&self, order: &Order, accepted: &Accepted<TradeCommand>) -> Decision {
        let by = &accepted.actor;
        match self.state() {
            // A second cancel is a retry: what the caller wants already holds.
            _ if order.cancelled => Ok(vec![]),
            TradeState::Booked => Ok(cancel(order, by)),
            TradeState::PartiallyFilled => Ok(cancel_remainder(order, by)),
            _ => Err(self.refuse(&accepted.command)),
        }
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
        cancelled_quantity: order.ordered(),
        cancelled_by: by.clone(),
    })]
}

fn cancel_remainder(order: &Order, by: &Actor) -> Vec<TradeEvent> {
    vec![TradeEvent::RemainderCancelled(RemainderCancelled {
        cancelled_quantity: less(order.ordered(), order.cum),
        order_quantity: order.cum,
        cancelled_by: by.clone(),
    })]
}
