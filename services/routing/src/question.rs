//! What can be asked about the floor, as routes of the API.

use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::{Asked, Permission, Question, Unanswerable};

use crate::floor::{Floor, FloorView};

const READ: Permission = Permission::new("figures", "read");

/// `GET /v1/floor`.
pub enum AskFloor {}

impl Question for AskFloor {
    const ROUTE: QuestionRoute = QuestionRoute::get::<FloorView>(
        "/v1/floor",
        "floor",
        READ,
        AnsweredFrom::LiveProjection,
        "every agent, slot, queue and live offer, with the log positions it was folded from",
    )
    .of_the_past();
    type Of = Floor;
    type Answer = FloorView;

    fn answer(floor: &mut Floor, asked: &Asked<'_>) -> Result<FloorView, Unanswerable> {
        Ok(floor.show(asked.tenant, asked.now))
    }
}
