//! A child process that tests stop, freeze and kill, and whose log is kept when they fail.

use std::fs::{File, read_to_string};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// What is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Asks it to end in order.
    Terminate,
    /// Freezes it at once, without its knowing.
    Stop,
    /// Lets a frozen one continue.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "-TERM",
            Self::Stop => "-STOP",
            Self::Continue => "-CONT",
        }
    }
}

/// A process with its log; ends with the value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; both its outputs go to a new file in `folder`.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start(command: &mut Command, folder: &Path) -> Self {
        let number = folder.read_dir().map_or(0, Iterator::count);
        let log = folder.join(format!("process-{number}.log"));
        let file = File::create(&log).expect("a log file");
        let also = file.try_clone().expect("a second handle of the log");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(also)
            .spawn()
            .expect("started");
        Self { child, log }
    }

    /// # Panics
    /// There is no `kill` on the path.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal.name(), &pid]).status();
        sent.expect("`kill` is on the path");
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash does: nothing of it runs any more.
    ///
    /// # Panics
    /// It is not ours.
    pub fn kill(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// How it ended, when it has.
    ///
    /// # Panics
    /// It is not ours.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child")
    }

    /// Whether it ended by a signal, such as that of `abort`.
    pub fn crashed(&mut self) -> bool {
        self.ended().is_some_and(|status| status.signal().is_some())
    }

    /// Everything it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is fine.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
