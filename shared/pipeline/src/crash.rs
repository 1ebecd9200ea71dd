//! The points at which a crash test kills the process; without the feature they are nothing.

/// Reads `FAILPOINTS=<point>=<times>*off->return;…`: the process aborts when it comes to `return`.
/// For the whole life of the process, so it is called once, at its start.
pub fn arm() {
    #[cfg(feature = "failpoints")]
    std::mem::forget(fail::FailScenario::setup());
}

/// Names a stage boundary. Under the feature `failpoints` an armed one aborts here: no destructor
/// runs, no connection is closed in order, as in a crash.
#[inline]
#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, reason = "the macro is empty")
)]
pub(crate) fn point(name: &'static str) {
    fail::fail_point!(name, |_| std::process::abort());
}
