//! The rule book of a position.

use std::mem;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::{Refused, TimerRequest};
use kernel::route::CommandRoute;
use kernel::{Accepted, AggregateId, Context, Facts};
use serde::{Deserialize, Serialize};

use crate::lots::execution::ExecRef;

use super::command::{ApplyFill, BustFill, CorrectFill, PositionCommand};
use super::decide;
use super::event::PositionEvent;
use super::facts;
use super::refusal::{FillRefused, Refusals};
use super::rejection::PositionRejection;
use super::route;
use super::timers;
use super::traded::Traded;

/// What an account holds of an instrument in a book; its id is `{account}/{book}/{instrument}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Position {
    #[default]
    Absent,
    /// Nothing was traded here, but something was refused.
    Untraded(Refusals),
    /// Something was traded here, though it may be flat now.
    Traded(Box<Traded>),
}

impl Context for Position {
    const NAME: &'static str = "positions";

    const SHAPE: u16 = 3;

    /// Instruments have their markets' names.
    const BLANKS_IN_IDS: bool = true;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    /// Trades own their fills: corrections and busts have rules there, such as a second person's word.
    const INTERNAL: &'static [&'static str] = &["ApplyFill", "CorrectFill", "BustFill"];

    type Input = PositionCommand;

    fn facts(id: &AggregateId, _: Option<&PositionCommand>) -> Facts {
        facts::of(id)
    }

    fn decide(&self, accepted: &Accepted<PositionCommand>, (): &()) -> decide::Decided {
        use PositionCommand as Command;
        if let Some(fill) = self.refused_fill(&accepted.command) {
            return decide::refused_fill(fill, &accepted.command);
        }
        let traded = match (self, &accepted.command) {
            (Self::Traded(traded), _) => traded,
            (_, Command::ApplyFill(fill)) => {
                let opened = decide::establish(&accepted.id, fill);
                return opened.map(|events| self.heal(fill, events));
            }
            (_, Command::CorrectFill(CorrectFill { exec_id, .. }))
            | (_, Command::BustFill(BustFill { exec_id, .. })) => {
                return Err(PositionRejection::FillUnknown(exec_id.clone()));
            }
            (
                _,
                Command::ApplySplit(_)
                | Command::WithdrawSplit(_)
                | Command::SettleBreak(_)
                | Command::ChangeLotMethod(_)
                | Command::RecordSettlement(_),
            ) => return Err(PositionRejection::NotTraded),
        };
        match &accepted.command {
            Command::ApplyFill(fill) => traded
                .apply_fill(fill)
                .map(|events| self.heal(fill, events)),
            Command::CorrectFill(correction) => traded.correct_fill(correction),
            Command::BustFill(bust) => traded.bust_fill(bust),
            Command::ApplySplit(split) => traded.apply_split(split, accepted.at),
            Command::WithdrawSplit(withdrawal) => traded.withdraw_split(withdrawal),
            Command::SettleBreak(settlement) => traded.settle_break(settlement),
            Command::ChangeLotMethod(change) => traded.change_lot_method(change),
            Command::RecordSettlement(settlement) => traded.record_settlement(settlement),
        }
    }

    fn raised(event: &PositionEvent) -> Option<&'static str> {
        match event {
            PositionEvent::PositionRestated(restated) => {
                restated.breaks.first().map(|found| found.kind.name())
            }
            PositionEvent::FillRefused(_) => Some("refused"),
            _ => None,
        }
    }

    fn timers(&self, event: &PositionEvent) -> Vec<TimerRequest<PositionCommand>> {
        timers::timers(event)
    }

    /// Every refused report of a trade is an event: there are no races here, because each
    /// trade's reports come in its own order.
    fn refused(
        &self,
        accepted: &Accepted<PositionCommand>,
        rejection: &PositionRejection,
    ) -> Refused<PositionEvent> {
        let refusal = FillRefused::of(&accepted.command, rejection);
        Refused::Noted(
            refusal
                .map(PositionEvent::FillRefused)
                .into_iter()
                .collect(),
        )
    }
}

impl Position {
    /// A fill that was refused and is taken now is refused no longer.
    fn heal(&self, fill: &ApplyFill, mut events: Vec<PositionEvent>) -> Vec<PositionEvent> {
        let refused = self.refusals().and_then(|refusals| refusals.of(fill));
        if let (Some(refused), false) = (refused, events.is_empty()) {
            events.push(PositionEvent::RefusalWithdrawn(refused.clone()));
        }
        events
    }

    fn refusals(&self) -> Option<&Refusals> {
        match self {
            Self::Absent => None,
            Self::Untraded(refusals) => Some(refusals),
            Self::Traded(traded) => Some(&traded.refusals),
        }
    }

    /// The refused fill that the command would change.
    fn refused_fill(&self, command: &PositionCommand) -> Option<&ExecRef> {
        self.refusals()?.named_by(command)
    }
}

impl Aggregate for Position {
    const TYPE: &'static str = "position";
    type Command = Accepted<PositionCommand>;
    type Event = PositionEvent;
    type Error = PositionRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PositionRejection> {
        for event in self.decide(&command, &())? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: PositionEvent) {
        match (self, event) {
            (Self::Traded(traded), event) => traded.apply(event),
            (position, PositionEvent::PositionEstablished(terms)) => {
                let refusals = position.take_refusals();
                *position = Self::Traded(Box::new(Traded::new(terms, refusals)));
            }
            (position, PositionEvent::FillRefused(refused)) => {
                let mut refusals = position.take_refusals();
                refusals.add(&refused);
                *position = Self::Untraded(refusals);
            }
            (Self::Untraded(refusals), PositionEvent::RefusalWithdrawn(fill)) => {
                refusals.remove(&fill);
            }
            // Before `PositionEstablished` there is nothing else to change.
            (_, _) => {}
        }
    }
}

impl Position {
    fn take_refusals(&mut self) -> Refusals {
        match mem::take(self) {
            Self::Untraded(refusals) => refusals,
            Self::Absent | Self::Traded(_) => Refusals::default(),
        }
    }
}
