//! From a record of the command log to a command whose sender and place are known.

use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::envelope::CommandEnvelope;
use kernel::frame::framed_object;
use kernel::id::{Actor, AggregateId, CommandId, CommandKey, Tenant};
use kernel::label::BadLabel;
use kernel::port::{
    Authority, Bearers, FRAME, Misplaced, Producer, Record, ReplyTo, SchemaError, Schemas, Sender,
};
use kernel::topic::{self, PartitionId};
use kernel::{Accepted, Access, Context, Fault, Tenancy, adjacent};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::binary;
use super::sender::{authenticate, identity_of};
use crate::accept::body_hash;

/// Header of a record that was parked before and is given another try; names the redrive.
pub const REDRIVE: &str = "redrive";

/// A command on its way to its aggregate.
pub(crate) struct Incoming<I> {
    pub(crate) offset: i64,
    pub(crate) id: CommandId,
    pub(crate) body_hash: i64,
    pub(crate) tenant: Tenant,
    pub(crate) key: Arc<str>,
    pub(crate) correlation: Option<AggregateId>,
    pub(crate) causation: Option<Uuid>,
    pub(crate) expected_version: Option<u64>,
    pub(crate) reply_to: Option<ReplyTo>,
    /// The producer of the record, if it was not the platform.
    pub(crate) producer: Option<Arc<Producer>>,
    pub(crate) accepted: Accepted<I>,
}

/// What a record is.
pub(crate) enum Decoded<I> {
    Command(Box<Incoming<I>>),
    /// A command of another partition, from a producer whose misplaced records are forwarded; and its
    /// data as it came.
    Elsewhere(Box<Incoming<I>>, Box<RawValue>),
    Refused(Refused),
}

/// A record that no retry will make readable.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: DeadReason,
    pub(crate) detail: String,
    /// What is known of the command, once its sender is proven.
    pub(crate) named: Option<Named>,
}

/// A command that cannot be handled, and who may receive the answer.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: CommandId,
    pub(crate) reply_to: Option<ReplyTo>,
}

impl Refused {
    pub(crate) fn new(reason: DeadReason, detail: impl ToString) -> Self {
        Self {
            reason,
            detail: detail.to_string().chars().take(DETAIL_MAX).collect(),
            named: None,
        }
    }

    pub(super) fn undecodable(detail: impl ToString) -> Self {
        Self::new(DeadReason::Undecodable, detail)
    }

    pub(super) fn of(self, named: Named) -> Self {
        Self {
            named: Some(named),
            ..self
        }
    }

    pub(crate) fn letter(self, record: Record) -> DeadLetter {
        DeadLetter {
            offset: record.offset,
            key: record.key,
            value: record.value,
            headers: record.headers,
            logged_at: record.logged_at,
            reason: self.reason,
            detail: self.detail,
            command: self.named.map(|named| named.id),
        }
    }
}

impl<I> Incoming<I> {
    /// The name of the reaction that asks for it, or of the effect whose answer it is, if one does.
    pub(crate) fn reaction(&self) -> Option<&str> {
        let actor = &self.accepted.actor;
        // A producer cannot pass for one: what it is called is no proof.
        let by_platform = self.producer.is_none();
        by_platform.then(|| actor.as_reaction().or_else(|| actor.as_effect()))?
    }

    pub(crate) fn named(&self) -> Named {
        Named {
            id: self.id,
            reply_to: self.reply_to.clone(),
        }
    }
}

/// Characters of an explanation that are kept: enough for a parser's message.
const DETAIL_MAX: usize = 500;

/// Where the data of a command is kept as it came, if required.
type Keep<'k> = Option<&'k mut Option<Box<RawValue>>>;

/// Reads the records of one partition.
#[derive(Clone)]
pub(crate) struct Decoder {
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) bearers: Option<Arc<dyn Bearers>>,
    pub(crate) access: Arc<dyn Access>,
    pub(crate) tenancy: Arc<dyn Tenancy>,
    pub(crate) schemas: Option<Arc<dyn Schemas>>,
    pub(crate) value_bytes_max: usize,
    pub(crate) partition_id: PartitionId,
    pub(crate) partitions: u16,
}

impl Decoder {
    /// # Errors
    /// A dependency did not answer: the same record is to be tried again.
    pub(crate) async fn decode<C: Context>(
        &self,
        record: &Record,
    ) -> Result<Decoded<C::Input>, Fault> {
        // Before anything else: a command that is handled away from its key's partition would give
        // its aggregate a second stream.
        let misplaced = match self.misplaced(record) {
            Ok(home) => home,
            Err(refused) => return Ok(Decoded::Refused(refused)),
        };
        let sender = match self.sender(C::NAME, record).await? {
            Ok(sender) => sender,
            // A wrong place is reported first.
            Err(refused) => return Ok(Decoded::Refused(misplaced.unwrap_or(refused))),
        };
        if matches!(sender, Sender::Producer(_)) && !self.tenancy.is_read() {
            return Err(Fault::bare("events", "read which tenants are served"));
        }
        let Some(elsewhere) = misplaced else {
            let read = self.read::<C>(&sender, record, None).await?;
            return Ok(read.map_or_else(Decoded::Refused, |read| Decoded::Command(read.into())));
        };
        let Sender::Producer(producer) = &sender else {
            // Our own records are in their partition, so this is a copy, and proves nothing of the
            // original.
            return Ok(Decoded::Refused(elsewhere));
        };
        let detail = format!("{}; it comes from {}", elsewhere.detail, producer.name);
        let elsewhere = Refused::new(elsewhere.reason, detail);
        let mut data = None;
        let keep = producer.misplaced == Misplaced::Forward;
        let read = self.read::<C>(&sender, record, keep.then_some(&mut data));
        Ok(match (read.await?, data) {
            (Ok(read), Some(data)) => Decoded::Elsewhere(read.into(), data),
            (Ok(read), None) => Decoded::Refused(elsewhere.of(read.named())),
            (Err(_), _) => Decoded::Refused(elsewhere),
        })
    }

    /// Why the record does not belong into this partition, if it does not.
    fn misplaced(&self, record: &Record) -> Result<Option<Refused>, Refused> {
        let bytes = record.key.as_deref().unwrap_or_default();
        if bytes.is_empty() {
            return Err(Refused::new(DeadReason::BadKey, "the record has no key"));
        }
        let home = topic::partition_of(bytes, self.partitions);
        if home == self.partition_id.partition {
            return Ok(None);
        }
        let detail = format!("its key belongs into partition {home} by murmur2");
        Ok(Some(Refused::new(DeadReason::WrongPartition, detail)))
    }

    async fn read<C: Context>(
        &self,
        sender: &Sender,
        record: &Record,
        data: Keep<'_>,
    ) -> Result<Result<Incoming<C::Input>, Refused>, Fault> {
        let value = record.value.as_deref().unwrap_or_default();
        if value.first() != Some(&FRAME) {
            return Ok(self.parsed::<C>(sender, record, value, data));
        }
        // JSON that we signed we also wrote: its frame is for others, and no registry is asked.
        if let (Sender::Platform, Some(json)) = (sender, framed_object(value)) {
            return Ok(self.parsed::<C>(sender, record, json, data));
        }
        let Some(schemas) = &self.schemas else {
            let detail = "framed by a schema registry, but none is configured";
            return Ok(Err(Refused::new(DeadReason::UnknownSchema, detail)));
        };
        match schemas.decode(value).await {
            Ok(plain) => Ok(self.parsed::<C>(sender, record, &plain, data)),
            Err(SchemaError::Permanent(detail)) => {
                Ok(Err(Refused::new(DeadReason::UnknownSchema, detail)))
            }
            Err(SchemaError::Fault(fault)) => Err(fault),
        }
    }
}

impl Decoder {
    fn parsed<C: Context>(
        &self,
        sender: &Sender,
        record: &Record,
        json: &[u8],
        data: Keep<'_>,
    ) -> Result<Incoming<C::Input>, Refused> {
        let (key, tenant, mut aggregate) = keyed(record)?;
        if !C::BLANKS_IN_IDS {
            let refused = |error: BadLabel| Refused::new(DeadReason::BadKey, error.to_string());
            aggregate = aggregate.without_blanks().map_err(refused)?;
        }
        let json = binary::structured(record, json)?;
        // Checked once as a whole rather than text by text.
        let json = std::str::from_utf8(&json).map_err(Refused::undecodable)?;
        let envelope: CommandEnvelope<'_> =
            serde_json::from_str(json).map_err(Refused::undecodable)?;
        let (actor, at) = authenticate(sender, &envelope, record, &tenant)?;
        let is_platforms = *sender == Sender::Platform;
        let who = identity_of::<C>(sender, &envelope);
        let id = identity(is_platforms, &envelope.id, &tenant, C::NAME, &aggregate)?;
        let (producer, reply_to) = match sender {
            Sender::Platform => (None, envelope.reply_to.clone()),
            Sender::Producer(producer) => (Some(Arc::clone(producer)), None),
        };
        let named = || Named {
            id,
            reply_to: reply_to.clone(),
        };
        let command = self
            .served(sender)
            .and_then(|()| typed::<C>(&envelope, &actor, sender))
            .and_then(|command| self.allowed::<C>(sender, &envelope.kind, &aggregate, command));
        let command = command.map_err(|refused| refused.of(named()))?;
        let (kind, version) = (&envelope.kind, envelope.expected_version);
        let correlation = envelope.correlation.map(AggregateId::without_blanks);
        if let Some(data) = data {
            *data = Some(envelope.data.to_owned());
        }
        Ok(Incoming {
            offset: record.offset,
            id,
            body_hash: body_hash(&key, kind, envelope.data.get(), version),
            tenant,
            key,
            correlation: correlation.transpose().map_err(Refused::undecodable)?,
            causation: envelope.causation,
            expected_version: envelope.expected_version,
            reply_to,
            producer,
            accepted: Accepted {
                id: aggregate,
                actor,
                identity: who,
                at,
                command,
            },
        })
    }
}

pub(super) fn keyed(record: &Record) -> Result<(Arc<str>, Tenant, AggregateId), Refused> {
    let refused = |detail: &dyn ToString| Refused::new(DeadReason::BadKey, detail.to_string());
    let bytes = record.key.as_deref().unwrap_or_default();
    let key = std::str::from_utf8(bytes).map_err(|error| refused(&error))?;
    let (tenant, aggregate) = topic::split_key(key).map_err(|error| refused(&error))?;
    Ok((key.into(), tenant, aggregate))
}

/// The identity of a command: the platform's records carry it, others name a key.
fn identity(
    is_platforms: bool,
    id: &str,
    tenant: &Tenant,
    context: &str,
    aggregate: &AggregateId,
) -> Result<CommandId, Refused> {
    if is_platforms {
        let id = Uuid::try_parse(id).map_err(Refused::undecodable)?;
        return Ok(CommandId(id));
    }
    let key = CommandKey::new(id).map_err(Refused::undecodable)?;
    Ok(CommandId::of_caller(&key, tenant, context, aggregate))
}

/// The id of a record's command, as [`Decoder`] has it; `None` when it names none. Of others' records no proof
/// is asked: one that was handled was proved then, perhaps by a token that proves nothing any more.
pub(crate) fn command_id(
    authority: &dyn Authority,
    context: &str,
    record: &Record,
    json: &[u8],
) -> Option<CommandId> {
    let is_platforms = authority.sender(context, record) == Some(Sender::Platform);
    let (_, tenant, aggregate) = keyed(record).ok()?;
    let json = binary::structured(record, json).ok()?;
    let envelope: CommandEnvelope<'_> = serde_json::from_slice(&json).ok()?;
    identity(is_platforms, &envelope.id, &tenant, context, &aggregate).ok()
}

fn typed<C: Context>(
    envelope: &CommandEnvelope<'_>,
    actor: &Actor,
    sender: &Sender,
) -> Result<C::Input, Refused> {
    let kind = &*envelope.kind;
    let by_platform = *sender == Sender::Platform && actor.is_platform();
    if !by_platform && C::INTERNAL.contains(&kind) {
        let detail = format!("{kind} is for the platform itself alone");
        return Err(Refused::new(DeadReason::NotAllowed, detail));
    }
    adjacent::from_raw(kind, envelope.data).map_err(|error| {
        let reason = if knows::<C>(kind) {
            DeadReason::Undecodable
        } else {
            DeadReason::UnknownType
        };
        Refused::new(reason, format!("{kind}: {error}"))
    })
}

/// Whether the context has a command of that name. Asked only about what could not be decoded.
pub(crate) fn knows<C: Context>(kind: &str) -> bool {
    let nothing_but_type = serde_json::json!({ "type": kind });
    match serde_json::from_value::<C::Input>(nothing_but_type) {
        Ok(_) => true,
        Err(error) => !error.to_string().starts_with("unknown variant"),
    }
}

/// The bytes of a key, to be kept: a copy, because a record's own share the memory of
/// all that came with it.
pub(crate) fn key_bytes(record: &Record) -> Bytes {
    Bytes::copy_from_slice(record.key.as_deref().unwrap_or_default())
}
