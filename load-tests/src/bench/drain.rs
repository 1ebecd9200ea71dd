//! Running roles until everything sent has been handled or seen.

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use dealerboard::roles::Platform;

/// Pause between two looks at how far it is.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// First and last moment of a measured stretch, and how much was done in it.
pub(super) struct Stretch {
    pub(super) seconds: f64,
    pub(super) done: f64,
}

impl Stretch {
    pub(super) fn rate(&self) -> f64 {
        self.done / self.seconds
    }
}

/// Runs `roles` while `work` does, then stops them.
pub(super) async fn beside<T>(
    platform: &Platform,
    roles: &str,
    metrics: &PrometheusHandle,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let stop = CancellationToken::new();
    let roles = roles.parse().map_err(anyhow::Error::msg)?;
    let run = platform.run(&roles, None, metrics.clone(), stop.clone());
    let work = async {
        let worked = work.await;
        stop.cancel();
        worked
    };
    let (ran, worked) = tokio::join!(run, work);
    ran?;
    worked
}

/// Waits until `progress` has grown by `wanted`, from the first growth on.
pub(super) async fn watch(
    wanted: u64,
    mut progress: impl AsyncFnMut() -> u64,
) -> anyhow::Result<Stretch> {
    let before = progress().await;
    let mut first = None;
    let mut printed_at = Instant::now();
    loop {
        let done = progress().await - before;
        let now = Instant::now();
        match first {
            None if done > 0 => first = Some((now, done)),
            Some((since, at_first)) if done >= wanted => {
                let seconds = now.duration_since(since).as_secs_f64();
                return Ok(Stretch {
                    seconds,
                    done: to_f64(done - at_first),
                });
            }
            _ => {}
        }
        if printed_at.elapsed() > Duration::from_secs(5) {
            telemetry::terminal::say(&format!("  {done} of {wanted}"));
            printed_at = Instant::now();
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Counts are far below the 2^53 up to which a float is exact.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn to_f64(count: u64) -> f64 {
    count as f64
}
