//! The rule book of a position.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::route::{CommandRoute, IdFrom};
use kernel::{Accepted, Context};
use serde::{Deserialize, Serialize};

use super::command::PositionCommand;
use super::decide;
use super::event::PositionEvent;
use super::rejection::PositionRejection;
use super::traded::Traded;

/// What an account holds of an instrument in a book; its id is `{account}/{book}/{instrument}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Position {
    #[default]
    Absent,
    /// Something was traded here, though it may be flat now.
    Traded(Box<Traded>),
}

impl Context for Position {
    const NAME: &'static str = "positions";

    const SHAPE: u16 = 1;

    const COMMANDS: &'static [CommandRoute] = &[
        route(
            "/v1/positions/{account}/{book}/{instrument}/fills",
            "ApplyFill",
        ),
        route(
            "/v1/positions/{account}/{book}/{instrument}/corrections",
            "CorrectFill",
        ),
        route(
            "/v1/positions/{account}/{book}/{instrument}/busts",
            "BustFill",
        ),
        route(
            "/v1/positions/{account}/{book}/{instrument}/splits",
            "ApplySplit",
        ),
        route(
            "/v1/positions/{account}/{book}/{instrument}/lot-method",
            "ChangeLotMethod",
        ),
        route(
            "/v1/positions/{account}/{book}/{instrument}/settlements",
            "RecordSettlement",
        ),
    ];

    type Input = PositionCommand;

    fn decide(&self, accepted: &Accepted<PositionCommand>, (): &()) -> decide::Decided {
        use PositionCommand as Command;
        match (self, &accepted.command) {
            (Self::Absent, Command::ApplyFill(fill)) => decide::establish(&accepted.id, fill),
            (Self::Absent, Command::CorrectFill(correction)) => {
                Err(PositionRejection::FillUnknown(correction.exec_id.clone()))
            }
            (Self::Absent, Command::BustFill(bust)) => {
                Err(PositionRejection::FillUnknown(bust.exec_id.clone()))
            }
            (
                Self::Absent,
                Command::ApplySplit(_) | Command::ChangeLotMethod(_) | Command::RecordSettlement(_),
            ) => Err(PositionRejection::NotTraded),
            (Self::Traded(traded), Command::ApplyFill(fill)) => traded.apply_fill(fill),
            (Self::Traded(traded), Command::CorrectFill(correction)) => {
                traded.correct_fill(correction)
            }
            (Self::Traded(traded), Command::BustFill(bust)) => traded.bust_fill(&bust.exec_id),
            (Self::Traded(traded), Command::ApplySplit(split)) => traded.apply_split(split),
            (Self::Traded(traded), Command::ChangeLotMethod(change)) => {
                traded.change_lot_method(change)
            }
            (Self::Traded(traded), Command::RecordSettlement(settlement)) => {
                traded.record_settlement(settlement)
            }
        }
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
            (position, PositionEvent::PositionEstablished(terms)) => {
                *position = Self::Traded(Box::new(Traded::new(terms)));
            }
            (Self::Traded(traded), event) => traded.apply(event),
            // A stream begins with `PositionEstablished`: there is nothing to change yet.
            (Self::Absent, _) => {}
        }
    }
}

const fn route(path: &'static str, command: &'static str) -> CommandRoute {
    CommandRoute {
        path,
        command,
        id: IdFrom::Path,
    }
}
