//! Waiting for what is going to be true.

use std::time::{Duration, Instant};

/// Pause between two questions: short beside what a test waits for, long beside a look.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Panics
/// There was none within the time given.
pub async fn eventually<T>(what: &str, within: Duration, ask: impl AsyncFn() -> Option<T>) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            Instant::now() < until,
            "waited {within:?} for {what} in vain"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
