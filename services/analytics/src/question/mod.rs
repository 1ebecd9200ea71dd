//! What can be asked about the figures, as routes of the API.

mod adherence;
mod agent;
mod figures;
mod parameters;
mod staffing;

pub use adherence::AskAdherence;
pub use agent::AskAgentFigures;
pub use figures::AskFigures;
pub use staffing::AskStaffing;

use kernel::{Asked, Permission, Unanswerable};

use crate::ask::Ask;
use crate::metrics::Metrics;

/// To read figures.
pub const READ: Permission = Permission::new("figures", "read");

/// Why a queue has no figures.
pub const NO_QUEUE: &str =
    "no queue has that name: it has no settings, no agent serves it and nothing ever waited in it";

const NO_AGENT: &str = "no such agent";

/// What is asked, of a queue that exists.
fn ask(metrics: &Metrics, asked: &Asked<'_>) -> Result<Ask, Unanswerable> {
    let ask = metrics.question(asked.tenant, asked.parameters, asked.now)?;
    match &ask.queue {
        Some(queue) if !metrics.knows(asked.tenant, queue) => Err(Unanswerable::Unknown(NO_QUEUE)),
        _ => Ok(ask),
    }
}
