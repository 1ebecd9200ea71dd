//! The states, the operator's modes, and the moves between them.

use std::fmt;

/// What the breaker does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Lets every call through and judges by the window.
    Closed,
    /// Refuses every call until its time is over.
    Open,
    /// Lets a few trial calls through, whose results decide.
    HalfOpen,
    /// Refuses every call until an operator changes it.
    ForcedOpen,
    /// Lets every call through and keeps no window.
    Disabled,
    /// Lets every call through and keeps the window, but never opens.
    MetricsOnly,
}

impl State {
    pub(crate) const ALL: [Self; 6] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::Disabled,
        Self::MetricsOnly,
    ];

    /// The metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What controls the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The breaker itself, starting afresh: closed, with an empty window.
    Automatic,
    /// An operator: no call passes.
    ForcedOpen,
    /// An operator: every call passes, and none is judged.
    Disabled,
    /// An operator: every call passes, and the window is kept and never judged.
    MetricsOnly,
}

/// A change of state; `from` equals `to` when an operator asked for what already was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an operator's transition belongs in the audit trail"]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
}
