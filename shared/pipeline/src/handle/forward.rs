//! A producer's command that is in another partition than its key belongs to, sent to where it
//! belongs.
//!
//! It goes under the identity it has, so sending it twice has one effect. The platform signs it: the
//! record's sender was proven here, and cannot be proven there.

use kernel::port::NewRecord;
use kernel::topic::PartitionId;
use kernel::{Context, Fault};
use serde_json::value::RawValue;

use super::decode::Incoming;
use crate::accept::{Request, Sealer};
use crate::command;

/// Header with the place of a forwarded record before, for people to read.
const FORWARDED_FROM: &str = "forwarded-from";
/// Header that names its producer, for people to read.
const PRODUCER: &str = "producer";

/// The record as it is appended to the partition of its key.
pub(super) fn record<C: Context>(
    incoming: &Incoming<C::Input>,
    data: &RawValue,
    from: PartitionId,
    sealer: &Sealer,
) -> Result<NewRecord, Fault> {
    let (kind, _) = command::split(&incoming.accepted.command)
        .map_err(|error| Fault::new("processor", "forward a command", error))?;
    let request = Request {
        context: C::NAME,
        tenant: &incoming.tenant,
        actor: &incoming.accepted.actor,
        identity: incoming.accepted.identity,
        aggregate: &incoming.accepted.id,
        id: Some(incoming.id),
        kind: &kind,
        data,
        expected_version: incoming.expected_version,
        correlation: incoming.correlation.clone(),
        causation: incoming.causation,
    };
    let (_, mut record) = sealer.seal_at(request, None, incoming.accepted.at)?;
    let place = format!("{from}/{}", incoming.offset);
    record
        .headers
        .push((FORWARDED_FROM.to_owned(), place.into()));
    if let Some(producer) = &incoming.producer {
        let name = producer.name.clone();
        record.headers.push((PRODUCER.to_owned(), name.into()));
    }
    Ok(record)
}
