//! What breaks, and where.

use std::fmt;

use serde_json::Value;

/// The side that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The new reader, by what was written before.
    Backward,
    /// A reader of the old schema, by what is written from now on.
    Forward,
}

/// One difference that breaks one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// JSON Pointer into the schema of the side that reads.
    pub at: String,
    pub direction: Direction,
    pub change: Change,
}

/// How what is written fails to fit what is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Values of one type are written, of another read; `any` is no constraint.
    Type { written: String, read: String },
    /// This constant may be written and is not among those read.
    Value(Value),
    /// Nothing at all is admitted here.
    Nothing,
    /// The property must be there for the reader, and need not be for the writer.
    Required(String),
    /// The property is written, and the reader admits no such property.
    Unexpected(String),
    /// The property is gone from the reader, which ignores it: its content is lost.
    Dropped(String),
    /// The reader gives a shape to a property whose name the writer could use for anything.
    Claimed(String),
    /// A sender that left the property out meant the old default.
    Default(String),
    /// The writer may add properties, the reader admits none.
    Closed,
    /// A bound such as `maxLength` is tighter for the reader.
    Bound(&'static str),
    /// A keyword has another value for the reader, and what follows from it is not known.
    Keyword(String),
    /// The reader admits another type than the writer wrote. Nothing is lost, but registries refuse.
    Reshaped,
    /// No type of today writes or reads the shape.
    Removed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { written, read } => write!(f, "{written} is written, {read} is read"),
            Self::Value(value) => write!(f, "{value} is not admitted"),
            Self::Nothing => f.write_str("nothing is admitted"),
            Self::Required(name) => write!(f, "`{name}` is required, but may be missing"),
            Self::Unexpected(name) => write!(f, "`{name}` is not admitted"),
            Self::Dropped(name) => write!(f, "`{name}` is no longer read"),
            Self::Claimed(name) => write!(f, "`{name}` could have been sent with any value"),
            Self::Default(name) => write!(f, "a missing `{name}` means something else"),
            Self::Closed => f.write_str("further properties are not admitted"),
            Self::Bound(keyword) => write!(f, "`{keyword}` is tighter"),
            Self::Keyword(keyword) => write!(f, "`{keyword}` differs"),
            Self::Reshaped => f.write_str("another type is admitted than before"),
            Self::Removed => f.write_str("the shape is gone"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.direction {
            Direction::Backward => "what was written before",
            Direction::Forward => "a reader of before",
        };
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "{at}: {} ({who})", self.change)
    }
}
