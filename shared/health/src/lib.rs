//! Health: whether things move, not whether servers answer. Every process has it, whatever its roles.
//!
//! In: checks of dependencies, the workers' own reports, the distance between command logs and cursors.
//! Out: a light per part of the process, with reasons, over HTTP. It changes nothing.

mod backlog;
mod check;
mod health;
mod report;
mod routes;
mod watch;

pub use backlog::{Backlog, Waiting};
pub use check::{Check, Checks, Failing, Finding, Part};
pub use health::{Health, Projection, describe_metrics};
pub use routes::{ROUTES, routes, serve};
pub use watch::watch;
