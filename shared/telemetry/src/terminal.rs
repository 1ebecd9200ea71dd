//! The one place that prints. A reader may close the pipe at any time: no command fails of it, and
//! work in progress completes.

use std::io::{self, ErrorKind, Write as _};
use std::sync::{Mutex, PoisonError};

/// Why standard output takes no more, once it does not. A process has one, and so has this program.
static CLOSED: Mutex<Option<io::Error>> = Mutex::new(None);

/// A line of the command's result.
pub fn print(line: &str) {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if closed.is_none() {
        *closed = writeln!(io::stdout(), "{line}").err();
    }
}

/// Whether the reader of the result has left: what remains to be printed need not be found.
pub fn reader_left() -> bool {
    let closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    closed.as_ref().is_some_and(is_departure)
}

/// Why the result was not written, unless its reader left.
pub fn unwritten() -> Option<io::Error> {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    closed.take_if(|error| !is_departure(error))
}

fn is_departure(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// A line for the person at the terminal, who may have gone.
pub fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
