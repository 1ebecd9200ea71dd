//! What became of a command, as callers and producers read it.

use kernel::LogPosition;
use kernel::batch::{Outcome, ParkedCommand, Resolution};
use kernel::id::CommandId;
use kernel::topic::Shard;
use serde_json::{Value, json};

/// The report of a command that a partition has settled: JSON with `command_id`, `status` (`accepted`,
/// `rejected` or `parked`), `context`, `aggregate_id`, and what belongs to the status.
#[must_use]
pub fn report(id: CommandId, shard: Shard, resolution: &Resolution) -> Value {
    match resolution {
        Resolution::Handled(outcome) => outcome_report(id, shard, outcome),
        Resolution::Parked(ParkedCommand {
            key,
            reason,
            detail,
        }) => json!({
            "command_id": id,
            "status": "parked",
            "context": shard.context,
            "aggregate_id": aggregate(key),
            "reason": &**reason,
            "detail": &**detail,
        }),
    }
}

fn outcome_report(id: CommandId, shard: Shard, outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Accepted {
            key,
            version,
            events,
            breaks,
            ..
        } => json!({
            "command_id": id,
            "status": "accepted",
            "context": shard.context,
            "aggregate_id": aggregate(key),
            "version": version,
            "events": events,
            "breaks": breaks,
            "log_position": outcome
                .last_log_position()
                .map(|log_position| LogPosition::new(shard, log_position).to_string()),
        }),
        Outcome::Rejected {
            key,
            version,
            code,
            http_status,
            detail,
        } => json!({
            "command_id": id,
            "status": "rejected",
            "context": shard.context,
            "aggregate_id": aggregate(key),
            "version": version,
            "code": &**code,
            "http_status": http_status,
            "detail": &**detail,
        }),
    }
}

fn aggregate(key: &str) -> Option<&str> {
    key.split_once('/').map(|(_, aggregate)| aggregate)
}
