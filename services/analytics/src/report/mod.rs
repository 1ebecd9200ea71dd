//! The figures as they are asked for: ratios over sums, made last.

mod figures;
mod ratio;
mod row;

pub use figures::{AgentFigures, Figures, OfferFigures, QueuedBy, ServiceLevels, Waits};
pub use ratio::Ratio;
pub use row::{Report, Row};
