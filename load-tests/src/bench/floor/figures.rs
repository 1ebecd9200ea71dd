//! How fast the figures follow, beside folding the same events from memory.

use std::time::{Duration, Instant};

use analytics::Metrics;
use kernel::LiveProjection;
use kernel::context::Folded;
use kernel::port::Pace;
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use pipeline::Followed;
use tokio_util::sync::CancellationToken;

use super::super::drain::to_f64;
use super::super::report::Row;
use dealerboard::roles::Platform;

/// Events read at once.
const PAGE: usize = 10_000;
/// Pause between two looks at how far it is.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

pub(super) async fn rows(platform: &Platform) -> anyhow::Result<Vec<Row>> {
    telemetry::terminal::say("  figures …");
    let events = events(platform).await?;
    let bare = folded(&events)?;
    let count = events.len() as u64;
    drop(events);
    let followed = followed(platform, count).await;
    Ok(vec![Row::beside("analytics", followed, "events/s", bare)])
}

/// Everything the figures are made of.
async fn events(platform: &Platform) -> anyhow::Result<Vec<(PartitionId, EventRecord)>> {
    let mut events = Vec::new();
    for context in Metrics::ON {
        for partition in 0..platform.config.partitions() {
            let partition_id = PartitionId { context, partition };
            let mut after = 0;
            loop {
                let rows = platform
                    .ports
                    .reader
                    .read(partition_id, after, PAGE)
                    .await?;
                let is_last = rows.len() < PAGE;
                let records = rows.into_iter().map(|row| row.record);
                events.extend(records.map(|record| (partition_id, record)));
                if is_last {
                    break;
                }
                after = events
                    .last()
                    .map_or(after, |(_, record)| record.log_position);
            }
        }
    }
    Ok(events)
}

/// Events per second, decoded and folded one after the other with nothing around them.
fn folded(events: &[(PartitionId, EventRecord)]) -> anyhow::Result<f64> {
    let mut metrics = Metrics::default();
    let started = Instant::now();
    for (partition_id, record) in events {
        let (meta, event) =
            Metrics::decode(partition_id.context, record.log_position, &record.value)?;
        let event = event.map_or(Folded::Other(partition_id.context), Folded::Event);
        metrics.fold(partition_id.partition, &meta, event);
    }
    Ok(to_f64(events.len() as u64) / started.elapsed().as_secs_f64())
}

/// Events per second from the event log, from the first event on.
async fn followed(platform: &Platform, events: u64) -> f64 {
    let followed = Followed::<Metrics>::new(platform.config.partitions());
    let stop = CancellationToken::new();
    let follow = followed
        .clone()
        .follow(platform.follow_ports(), Pace::Prompt, stop.clone());
    let watch = async {
        let mut started = None;
        loop {
            let seen = followed.seen();
            match started {
                None if seen > 0 => started = Some((Instant::now(), seen)),
                Some((since, first)) if seen >= events => {
                    stop.cancel();
                    return to_f64(seen - first) / since.elapsed().as_secs_f64();
                }
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    };
    tokio::join!(follow, watch).1
}
