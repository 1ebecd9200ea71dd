//! Dead letters as operators read them: by fingerprint, one after the other, one whole, and what a redrive
//! would come to.

mod dry_run;
mod groups;
mod listed;
mod shown;

pub use dry_run::DryRun;
pub use groups::Groups;
pub use listed::Listed;
pub use shown::Shown;

use gateway::{Call, bad_parameter};
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::DeadLetterState;
use kernel::route::Parameter;
use kernel::{BadParameter, Parameters, Timestamp};
use pipeline::Known;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::selection::{Unknown, context};

/// What has been done about letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LetterState {
    #[default]
    Parked,
    Redriven,
    Discarded,
}

const STATE: Parameter = Parameter::of::<LetterState>(
    "state",
    "those about which this was done; `parked` when absent",
);

impl From<LetterState> for DeadLetterState {
    fn from(state: LetterState) -> Self {
        match state {
            LetterState::Parked => Self::Parked,
            LetterState::Redriven => Self::Redriven,
            LetterState::Discarded => Self::Discarded,
        }
    }
}

impl From<DeadLetterState> for LetterState {
    fn from(state: DeadLetterState) -> Self {
        match state {
            DeadLetterState::Parked => Self::Parked,
            DeadLetterState::Redriven => Self::Redriven,
            DeadLetterState::Discarded => Self::Discarded,
        }
    }
}

/// A letter in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Letter {
    context: &'static str,
    partition: u16,
    offset: i64,
    state: LetterState,
    fingerprint: String,
    /// Why it could not be handled, as a code.
    reason: &'static str,
    /// Why, in a sentence.
    detail: String,
    command_type: Option<String>,
    /// The registry's number of the schema, where it was framed.
    schema: Option<u32>,
    /// The producer that is proven to have sent it, or `platform`.
    producer: Option<String>,
    command_id: Option<String>,
    /// Hexadecimal digits after `0x` where it is no text.
    key: Option<String>,
    /// When the log took the record.
    logged_at: Timestamp,
}

impl Letter {
    fn of(known: &Known) -> Self {
        let (stored, traits) = (&known.stored, &known.traits);
        let letter = &stored.letter;
        Self {
            context: stored.partition_id.context,
            partition: stored.partition_id.partition,
            offset: letter.offset,
            state: stored.state.into(),
            fingerprint: traits.fingerprint().to_string(),
            reason: traits.reason,
            detail: letter.detail.clone(),
            command_type: traits.command_type.clone(),
            schema: traits.schema,
            producer: traits.producer.clone(),
            command_id: letter.command.map(|id| id.to_string()),
            key: letter.key.as_deref().map(text),
            logged_at: letter.logged_at,
        }
    }
}

/// Text as it is, anything else in hexadecimal digits.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| format!("0x{}", hex(bytes)), str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn state(parameters: &Parameters) -> Result<DeadLetterState, Problem> {
    let state = parameters.read::<LetterState>("state");
    let state = state.map_err(|bad| bad_parameter(&bad))?;
    Ok(state.unwrap_or_default().into())
}

/// The context that the path names.
fn context_of(call: &Call, known: &[&'static str]) -> Result<&'static str, Problem> {
    let named = call.path.get("context").unwrap_or_default();
    context(named, known).map_err(|unknown| missing(&unknown))
}

fn missing(unknown: &Unknown) -> Problem {
    Problem::new(platform::NOT_FOUND, unknown.to_string())
}

fn malformed(name: &'static str, reason: impl ToString) -> Problem {
    bad_parameter(&BadParameter {
        name,
        reason: reason.to_string(),
    })
}
