//! Calls into a library that may panic at what others have written, without printing that panic.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is expected, and handled by the caller.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; none when it panics. No panic of another kind, and of no other thread, is hidden.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !EXPECTED.get() {
                report(panic);
            }
        }));
    });
    EXPECTED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(false);
    done.ok()
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::quietly;

    static HEARD: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn expected_panic_is_not_heard_and_every_other_is() {
        let here = thread::current().id();
        panic::set_hook(Box::new(move |_| {
            if thread::current().id() == here {
                HEARD.fetch_add(1, Ordering::Relaxed);
            }
        }));
        let text = std::str::from_utf8([0xff].as_slice());
        assert_eq!(quietly(|| 7), Some(7));
        assert_eq!(quietly(|| text.unwrap().len()), None);
        assert_eq!(HEARD.load(Ordering::Relaxed), 0);
        assert!(panic::catch_unwind(|| text.unwrap().len()).is_err());
        assert_eq!(HEARD.load(Ordering::Relaxed), 1);
        assert_eq!(quietly(|| 8), Some(8));
    }
}
