//! The points at which a crash test kills the process; without the feature they are nothing.

/// Names a stage boundary. Under the feature `failpoints`, `FAILPOINTS=<name>=…` acts here.
#[inline]
#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, reason = "the macro is empty")
)]
pub(crate) fn point(name: &'static str) {
    fail::fail_point!(name);
}
