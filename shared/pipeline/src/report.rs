//! The outcome of a command, as callers and producers read it.

use kernel::LogPosition;
use kernel::batch::{Outcome, ParkedCommand, Resolution};
use kernel::id::CommandId;
use kernel::topic::PartitionId;
use schemars::JsonSchema;
use serde::Serialize;

/// A command that a partition has settled.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CommandReport {
    /// Its id.
    pub command_id: CommandId,
    /// The context that it is for.
    pub context: &'static str,
    /// The aggregate that it is for; none of a parked record without a key.
    pub aggregate_id: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub status: Status,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It was decided, and its events are durable.
    Accepted {
        /// Of the aggregate, with the events of the command.
        version: u64,
        /// How many there are; 0 when nothing changed.
        events: u32,
        /// Breaks that the command raised, such as `overfill`.
        breaks: Vec<String>,
        /// Of the last event, such as `trades-3:1042`; none without events.
        log_position: Option<String>,
    },
    /// It was decided, and a rule refuses it.
    Rejected {
        /// Of the aggregate when it refused.
        version: u64,
        /// The stable code, such as `FOUR_EYES`.
        code: String,
        /// The status of that code.
        http_status: u16,
        /// For this occurrence, in a sentence.
        detail: String,
    },
    /// It could not be handled and is kept for an operator.
    Parked {
        /// The kind, such as `undecodable`.
        reason: String,
        /// For this occurrence, in a sentence.
        detail: String,
    },
    /// It was parked, and an operator ended it.
    Discarded {
        /// Why it was parked.
        reason: String,
        /// For this occurrence, in a sentence.
        detail: String,
    },
}

/// The report of a command that a partition has settled.
#[must_use]
pub fn report(id: CommandId, partition_id: PartitionId, resolution: &Resolution) -> CommandReport {
    let (key, status) = match resolution {
        Resolution::Handled(outcome) => (outcome.key(), of_outcome(partition_id, outcome)),
        Resolution::Parked(ParkedCommand {
            key,
            reason,
            detail,
        }) => {
            let (reason, detail) = (reason.to_string(), detail.to_string());
            (&**key, Status::Parked { reason, detail })
        }
    };
    CommandReport {
        command_id: id,
        context: partition_id.context,
        aggregate_id: aggregate(key),
        status,
    }
}

fn of_outcome(partition_id: PartitionId, outcome: &Outcome) -> Status {
    let log_position = outcome.last_log_position();
    match outcome {
        Outcome::Accepted {
            version,
            events,
            breaks,
            ..
        } => Status::Accepted {
            version: *version,
            events: *events,
            breaks: breaks.iter().map(ToString::to_string).collect(),
            log_position: log_position
                .map(|log_position| LogPosition::new(partition_id, log_position).to_string()),
        },
        Outcome::Rejected {
            version,
            code,
            http_status,
            detail,
            ..
        } => Status::Rejected {
            version: *version,
            code: code.to_string(),
            http_status: *http_status,
            detail: detail.to_string(),
        },
    }
}

fn aggregate(key: &str) -> Option<String> {
    let (_, aggregate) = key.split_once('/')?;
    Some(aggregate.to_owned())
}
