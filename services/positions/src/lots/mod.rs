//! The mathematics of a position: pure values and functions, knowing nothing of commands or views.
//!
//! Quantities and costs are signed: both are positive in a long position and negative in a short
//! one, so no rule below asks which side it is on.

pub(crate) mod book;
pub(crate) mod breaks;
pub(crate) mod effect;
pub(crate) mod execution;
pub(crate) mod fees;
pub(crate) mod holding;
pub(crate) mod lot;
pub(crate) mod place;
pub(crate) mod refold;
pub(crate) mod restated;
pub(crate) mod share;
pub(crate) mod split;
pub(crate) mod terms;
pub(crate) mod timeline;
