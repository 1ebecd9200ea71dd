//! Whether a schema may take the place of another.
//!
//! The question is one of sets: is every value that a writer may write one that a reader admits?
//! It is answered for the keywords that schemars emits; what is not understood must be equal. So
//! "compatible" can be trusted, and "incompatible" may be too strict, never the other way.
//!
//! Nothing is ever taken out: a property may not go, since its name could come back with another
//! meaning. That makes each step transitive, and the last shipped schema the only one to ask. And
//! a place keeps its form, since registries ask for that (`form.rs`).

mod alternative;
mod array;
mod change;
mod form;
mod inclusion;
mod number;
mod object;
mod text;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use change::{Change, Direction, Violation};

use serde_json::Value;

use inclusion::{Place, included};

/// How a schema may change; the names are the registry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compatibility {
    /// A reader of the new schema reads all that writers of any earlier one wrote.
    BackwardTransitive,
    /// And a reader of any earlier schema reads all that is written with the new one.
    FullTransitive,
}

impl Compatibility {
    /// What a schema registry calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }
}

/// Why `new` may not take the place of `old`; empty when it may.
#[must_use]
pub fn violations(compatibility: Compatibility, old: &Value, new: &Value) -> Vec<Violation> {
    let mut found = included(&Place::root(old), &Place::root(new), Direction::Backward);
    if compatibility == Compatibility::FullTransitive {
        found.extend(included(
            &Place::root(new),
            &Place::root(old),
            Direction::Forward,
        ));
    }
    found
}
