//! Splits come on their day.

use kernel::context::TimerRequest;

use crate::lots::split::{Split, SplitId};

use super::command::{ApplySplit, PositionCommand};
use super::event::PositionEvent;

/// What is announced is entered once more on its day; by then it may have been withdrawn.
pub(super) fn timers(event: &PositionEvent) -> Vec<TimerRequest<PositionCommand>> {
    match event {
        PositionEvent::SplitAnnounced(split) => vec![TimerRequest::Set {
            name: name(&split.split_id).into(),
            due: split.ex_at,
            command: PositionCommand::ApplySplit(again(split)),
        }],
        PositionEvent::SplitWithdrawn { split_id } => vec![TimerRequest::Cancel {
            name: name(split_id).into(),
        }],
        _ => vec![],
    }
}

fn name(split_id: &SplitId) -> String {
    format!("split/{split_id}")
}

fn again(split: &Split) -> ApplySplit {
    ApplySplit {
        split_id: split.split_id.clone(),
        numerator: split.numerator,
        denominator: split.denominator,
        ex_at: split.ex_at,
        cash_in_lieu_price: split.cash_in_lieu_price,
        round_up: split.round_up,
    }
}
