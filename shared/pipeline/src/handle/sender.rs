//! Who sends a command: what the log proves of it, and what the record claims.

use kernel::Timestamp;
use kernel::batch::DeadReason;
use kernel::context::Context;
use kernel::envelope::CommandEnvelope;
use kernel::id::{Actor, Identity, Tenant};
use kernel::port::{Producer, Record, Sender};

use super::binary;
use super::decode::Refused;

/// Actor and time of the command. What a record claims must agree with what the log proves; the
/// key's tenant is the claim that everything else hangs on.
pub(super) fn authenticate(
    sender: &Sender,
    envelope: &CommandEnvelope<'_>,
    record: &Record,
    keyed: &Tenant,
) -> Result<(Actor, Timestamp), Refused> {
    let refused = |detail: &str| Refused::new(DeadReason::NotAuthentic, detail);
    if binary::tenant(record)?.is_some_and(|claimed| claimed != keyed.as_str()) {
        return Err(refused("header tenant differs from the key's tenant"));
    }
    let claimed = envelope.tenant.as_ref();
    if claimed.is_some_and(|tenant| tenant != keyed) {
        return Err(refused("envelope's tenant differs from the key's tenant"));
    }
    match sender {
        Sender::Platform => match (&envelope.tenant, &envelope.actor, envelope.at) {
            (Some(_), Some(actor), Some(at)) => Ok((actor.clone(), at)),
            _ => Err(refused("signed envelope lacks tenant, actor or time")),
        },
        Sender::Producer(producer) => {
            may_write(producer, keyed)?;
            let claimed = envelope.actor.as_ref();
            if claimed.is_some_and(|claimed| *claimed != producer.subject.actor) {
                return Err(refused("envelope's actor is not the producer's"));
            }
            Ok((producer.subject.actor.clone(), record.logged_at))
        }
    }
}

/// Who sends the command, where the context asks: a producer is who it is configured to be.
pub(super) fn identity_of<C: Context>(
    sender: &Sender,
    envelope: &CommandEnvelope<'_>,
) -> Option<Identity> {
    if !C::ASKS_IDENTITY {
        return None;
    }
    match sender {
        Sender::Platform => envelope.identity,
        Sender::Producer(producer) => Some(Identity::of(&producer.subject)),
    }
}

pub(super) fn may_write(producer: &Producer, keyed: &Tenant) -> Result<(), Refused> {
    if producer.subject.tenant == *keyed {
        return Ok(());
    }
    let detail = format!("{} may not write for tenant {keyed}", producer.name);
    Err(Refused::new(DeadReason::NotAuthentic, detail))
}
