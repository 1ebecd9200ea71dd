//! The numbers of the platform's schemas.

use std::sync::Arc;

use pipeline::Backoff;
use registry::RegistryFraming;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Learns them, however long the registry is away: until then nothing is written to Kafka, and
/// readiness reports it.
pub(super) async fn learn(
    framing: Arc<RegistryFraming>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut backoff = Backoff::new();
    while !stop.is_cancelled() {
        let learnt = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            learnt = framing.learn() => learnt,
        };
        match learnt {
            Ok(()) => stop.cancelled().await,
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "schema numbers are not known, will ask again"
                );
                backoff.wait_unless(&stop).await;
            }
        }
    }
    Ok(())
}
