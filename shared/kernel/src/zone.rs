//! Time zones by name.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of that IANA name, such as `Europe/London`, if there is one.
///
/// By the rules that come with the program and not the machine's own: everywhere the same question
/// has the same answer.
#[must_use]
pub fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}
