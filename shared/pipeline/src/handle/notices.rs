//! What producers receive: which records get a notice, and what it reports.

use bytes::Bytes;
use kernel::batch::{DeadLetter, Outcome, ParkedCommand, Resolution};
use kernel::port::{OutcomeNotice, Outcomes, Producer};
use kernel::topic::PartitionId;
use serde_json::{Value, json};

use super::decode::Incoming;
use crate::report::report;

/// Whether a producer gets the outcome of its own command: of what did not go as it was asked,
/// or of everything.
pub(super) fn is_wanted(producer: &Producer, outcome: &Outcome) -> bool {
    let plain = matches!(outcome, Outcome::Accepted { breaks, .. } if breaks.is_empty());
    !plain || producer.outcomes == Outcomes::All
}

/// The notice of a command that was handled, now or before.
pub(super) fn of_outcome<I>(
    partition_id: PartitionId,
    incoming: &Incoming<I>,
    producer: &Producer,
    outcome: &Outcome,
) -> OutcomeNotice {
    let handled = Resolution::Handled(outcome.clone());
    let mut value = json!(report(incoming.id, partition_id, &handled));
    value["producer"] = producer.name.as_str().into();
    let key = Bytes::copy_from_slice(incoming.key.as_bytes());
    notice(partition_id, incoming.offset, Some(key), value)
}

/// The notice of a parked record of any sender: the sender knows the record by its place.
pub(super) fn of_letter(partition_id: PartitionId, letter: &DeadLetter) -> OutcomeNotice {
    let key = letter.key.as_deref().unwrap_or_default();
    let parked = ParkedCommand {
        key: String::from_utf8_lossy(key).into(),
        reason: letter.reason.as_str().into(),
        detail: letter.detail.as_str().into(),
    };
    let id = letter.command.unwrap_or_default();
    let mut value = json!(report(id, partition_id, &Resolution::Parked(parked)));
    if letter.command.is_none() {
        value["command_id"] = Value::Null;
    }
    notice(partition_id, letter.offset, letter.key.clone(), value)
}

fn notice(
    partition_id: PartitionId,
    offset: i64,
    key: Option<Bytes>,
    mut value: Value,
) -> OutcomeNotice {
    value["partition"] = partition_id.partition.into();
    value["offset"] = offset.into();
    OutcomeNotice {
        offset,
        key,
        value: value.to_string().into(),
    }
}
