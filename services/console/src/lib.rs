//! The console: what operators see of a running platform, and the hands of their operations.
//!
//! In: the health of the process, cursors, checkpoints, dead letters; steps of operations. Out: answers to
//! questions of the route table; letters that are redriven or discarded. It decides nothing: who may, and
//! who has to agree, is said by policies and by the operations themselves.

mod whose;

mod search;
mod selection;

mod letters;

mod dependencies;
mod partitions;
mod projections;

mod hands;
mod watch;

pub use dependencies::Dependencies;
pub use hands::Hands;
pub use letters::{DryRun, Groups, Listed, Shown};
pub use partitions::Partitions;
pub use projections::{Model, Projections};
pub use search::{Letters, LettersPorts};
pub use whose::Whose;

use kernel::Permission;

/// What every reading needs.
const READ: Permission = Permission::new("operations", "read");
