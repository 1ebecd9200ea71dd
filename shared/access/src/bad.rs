//! What is wrong with the text of policies, by line.

use std::fmt;

use miette::Diagnostic;

/// One fault of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1; none when it concerns the whole.
    pub line: Option<usize>,
    /// What is wrong there, in Cedar's words.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// The policies cannot be used; everything that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadPolicies(pub Vec<Fault>);

impl fmt::Display for BadPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&faults.join("; "))
    }
}

impl BadPolicies {
    pub(crate) fn whole(reason: impl ToString) -> Self {
        Self(vec![Fault {
            line: None,
            reason: reason.to_string(),
        }])
    }
}

impl Fault {
    /// The place of the diagnostic's first label, and its help beside the reason.
    pub(crate) fn of(text: &str, diagnostic: &dyn Diagnostic) -> Self {
        let offset = diagnostic.labels().and_then(|mut labels| labels.next());
        let before = offset.and_then(|label| text.get(..label.offset()));
        let help = diagnostic.help().map(|help| format!(" ({help})"));
        Self {
            line: before.map(|before| before.matches('\n').count() + 1),
            reason: format!("{diagnostic}{}", help.unwrap_or_default()),
        }
    }
}
