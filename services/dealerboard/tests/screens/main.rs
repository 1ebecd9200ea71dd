//! The screens in a real browser: stories of people, told by `web/stories`, and their effect read back.

#![cfg(test)]

mod built;
mod stories;

use std::path::Path;
use std::process::Command;

/// A call of the script that builds the screens and opens browsers.
///
/// # Panics
/// It fails.
async fn web(arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/run");
    let mut command = Command::new(script);
    command.args(arguments);
    let ended = tokio::task::spawn_blocking(move || command.output());
    let ended = ended.await.unwrap().unwrap();
    assert!(
        ended.status.success(),
        "{arguments:?}, {}: {}{}",
        ended.status,
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
}
