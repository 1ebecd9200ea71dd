//! Refusing settings that cannot work, all of them at once.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Every fault found in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfig {
    /// Each in a sentence.
    pub faults: Vec<&'static str>,
}

/// A millisecond, below which tokio's timer does not count, to an hour, beyond which an operator is
/// the better judge. Also keeps every sum of times far from overflow.
pub(crate) const WAIT: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(3_600);

/// A condition, and the fault when it does not hold.
pub(crate) type Rule = (bool, &'static str);

/// The faults of those rules that do not hold.
pub(crate) fn broken(rules: impl IntoIterator<Item = Rule>) -> Vec<&'static str> {
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, fault)| fault).collect()
}

impl InvalidConfig {
    /// # Errors
    /// When there is a fault.
    pub(crate) fn unless_empty(faults: Vec<&'static str>) -> Result<(), Self> {
        if faults.is_empty() {
            return Ok(());
        }
        Err(Self { faults })
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.faults.join(", "))
    }
}
