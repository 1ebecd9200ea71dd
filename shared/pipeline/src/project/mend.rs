//! Values that a model cannot give, or that its checkpoint does not cover: folded from the events instead,
//! and written over with the next event of their key.

use std::sync::Arc;

use kernel::port::{EventReader, ReadModel, ViewValue, WHOLE};
use kernel::topic::PartitionId;
use kernel::{Fault, Parameters, View};
use tracing::warn;

use super::fold::{Until, fold};
use super::view_id;

/// The values of the keys before the event behind `upto`. Those that the model has are its own, unless
/// they are damaged, or know of later events: then its checkpoint was lost, and folding the same events
/// into them again would be wrong.
///
/// # Errors
/// Model or store cannot be reached, or the events are damaged as well.
pub(super) async fn values<V: View>(
    model: &dyn ReadModel,
    streams: &dyn EventReader,
    partition_id: PartitionId,
    keys: &[Arc<str>],
    upto: u64,
) -> Result<Vec<Option<ViewValue>>, Fault> {
    // A value of another partition was folded from a stream that is not this key's.
    let is_known = |value: &Option<ViewValue>| {
        value.as_ref().is_none_or(|value| {
            value.log_position <= upto && value.partition == partition_id.partition
        })
    };
    match model.get(view_id::<V>(), keys).await {
        Ok(found) if found.iter().all(is_known) => return Ok(found),
        Err(fault) if fault.damage().is_none() => return Err(fault),
        _ => {}
    }
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        let key = std::slice::from_ref(key);
        let found = model.get(view_id::<V>(), key).await;
        let value = match found.map(|mut found| found.pop().flatten()) {
            Ok(value) if is_known(&value) => value,
            Ok(_) => {
                warn!(view = V::NAME, %partition_id, "value is not of what its checkpoint covers, folded again");
                folded::<V>(streams, partition_id, key, upto).await?
            }
            Err(fault) => {
                let Some(damaged) = fault.damage() else {
                    return Err(fault);
                };
                warn!(
                    view = V::NAME,
                    error = damaged as &dyn std::error::Error,
                    "value is folded again"
                );
                folded::<V>(streams, partition_id, key, upto).await?
            }
        };
        values.push(value);
    }
    Ok(values)
}

async fn folded<V: View>(
    streams: &dyn EventReader,
    partition_id: PartitionId,
    key: &[Arc<str>],
    upto: u64,
) -> Result<Option<ViewValue>, Fault> {
    let loaded = streams.load(partition_id, key, WHOLE).await?;
    let Some(stream) = loaded.first() else {
        return Ok(None);
    };
    let until = Until::LogPosition(upto);
    fold::<V>(
        stream,
        partition_id.partition,
        until,
        &Parameters::default(),
    )
    .map_err(|error| Fault::new("event store", format!("fold {}", view_id::<V>()), error))
}
