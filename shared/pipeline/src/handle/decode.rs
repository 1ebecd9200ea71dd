//! From a record of the command log to a command whose sender is known.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::envelope::CommandEnvelope;
use kernel::frame::framed_object;
use kernel::id::{Actor, AggregateId, CommandId, Tenant};
use kernel::port::{Authority, FRAME, Record, SchemaError, Schemas, Sender};
use kernel::{Accepted, Context, Fault, Timestamp, adjacent, topic};
use uuid::Uuid;

/// Headers of the binary form, in which the value is the bare command.
mod header {
    pub(super) const COMMAND_ID: &str = "command-id";
    pub(super) const COMMAND_TYPE: &str = "command-type";
    pub(super) const CLOUD_EVENT_ID: &str = "ce_id";
    pub(super) const CLOUD_EVENT_TYPE: &str = "ce_type";
    pub(super) const CORRELATION_ID: &str = "correlation-id";
    pub(super) const CAUSATION_ID: &str = "causation-id";
    pub(super) const EXPECTED_VERSION: &str = "expected-version";
    pub(super) const TENANT: &str = "tenant";
}

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
    pub(crate) reply_to: Option<AggregateId>,
    pub(crate) accepted: Accepted<I>,
}

/// A record that no retry will make readable.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: DeadReason,
    pub(crate) detail: String,
}

impl Refused {
    pub(crate) fn new(reason: DeadReason, detail: impl ToString) -> Self {
        Self {
            reason,
            detail: detail.to_string().chars().take(DETAIL_MAX).collect(),
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
        }
    }
}

/// Characters of an explanation that are kept: enough for a parser's message.
const DETAIL_MAX: usize = 500;

/// Reads records of one context.
#[derive(Clone)]
pub(crate) struct Decoder {
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) schemas: Option<Arc<dyn Schemas>>,
    pub(crate) value_bytes_max: usize,
}

impl Decoder {
    /// # Errors
    /// The outer error is a dependency that did not answer; the inner one parks the record.
    pub(crate) async fn decode<C: Context>(
        &self,
        record: &Record,
    ) -> Result<Result<Incoming<C::Input>, Refused>, Fault> {
        let value = record.value.as_deref().unwrap_or_default();
        if value.len() > self.value_bytes_max {
            let detail = format!("{} bytes, at most {}", value.len(), self.value_bytes_max);
            return Ok(Err(Refused::new(DeadReason::TooLarge, detail)));
        }
        // Before a registry is asked: nobody unknown may make us ask.
        let Some(sender) = self.authority.sender(C::NAME, record) else {
            let detail = "neither signed nor from the topic's configured producer";
            return Ok(Err(Refused::new(DeadReason::NotAuthentic, detail)));
        };
        if value.first() != Some(&FRAME) {
            return Ok(read::<C>(&sender, record, value));
        }
        // JSON that we signed we also wrote: its frame is for others, and no registry is asked.
        if let (Sender::Platform, Some(json)) = (&sender, framed_object(value)) {
            return Ok(read::<C>(&sender, record, json));
        }
        let Some(schemas) = &self.schemas else {
            let detail = "framed by a schema registry, but none is configured";
            return Ok(Err(Refused::new(DeadReason::UnknownSchema, detail)));
        };
        match schemas.decode(value).await {
            Ok(plain) => Ok(read::<C>(&sender, record, &plain)),
            Err(SchemaError::Permanent(detail)) => {
                Ok(Err(Refused::new(DeadReason::UnknownSchema, detail)))
            }
            Err(SchemaError::Fault(fault)) => Err(fault),
        }
    }
}

fn read<C: Context>(
    sender: &Sender,
    record: &Record,
    json: &[u8],
) -> Result<Incoming<C::Input>, Refused> {
    let (key, tenant, aggregate) = keyed(record)?;
    let undecodable =
        |error: &dyn ToString| Refused::new(DeadReason::Undecodable, error.to_string());
    let json = structured(record, json)?;
    // Checked once as a whole rather than text by text.
    let json = std::str::from_utf8(&json).map_err(|error| undecodable(&error))?;
    let envelope: CommandEnvelope<'_> =
        serde_json::from_str(json).map_err(|error| undecodable(&error))?;
    let claimed = header_text(record, header::TENANT);
    let (actor, at) = authenticate(sender, &envelope, record, &tenant, claimed)?;
    let command = command::<C>(&envelope)?;
    Ok(Incoming {
        offset: record.offset,
        id: envelope.id,
        body_hash: body_hash(&envelope.kind, envelope.data.get()),
        tenant,
        key,
        correlation: envelope.correlation,
        causation: envelope.causation,
        expected_version: envelope.expected_version,
        reply_to: envelope.reply_to,
        accepted: Accepted {
            id: aggregate,
            actor,
            at,
            command,
        },
    })
}

fn keyed(record: &Record) -> Result<(Arc<str>, Tenant, AggregateId), Refused> {
    let refused = |detail: &dyn ToString| Refused::new(DeadReason::BadKey, detail.to_string());
    let bytes = record.key.as_deref().unwrap_or_default();
    let key = std::str::from_utf8(bytes).map_err(|error| refused(&error))?;
    let (tenant, aggregate) = topic::split_key(key).map_err(|error| refused(&error))?;
    Ok((key.into(), tenant, aggregate))
}

/// The binary form, joined from its headers into the structured one; the latter as it is.
fn structured<'a>(record: &Record, json: &'a [u8]) -> Result<Cow<'a, [u8]>, Refused> {
    let kind = header_text(record, header::COMMAND_TYPE)
        .or_else(|| header_text(record, header::CLOUD_EVENT_TYPE));
    let Some(kind) = kind else {
        return Ok(Cow::Borrowed(json));
    };
    let id = header_text(record, header::COMMAND_ID)
        .or_else(|| header_text(record, header::CLOUD_EVENT_ID))
        .ok_or_else(|| Refused::new(DeadReason::Undecodable, "header command-id is missing"))?;
    let mut out = Vec::with_capacity(json.len() + 160);
    let text = |out: &mut Vec<u8>, name: &str, value: &str| {
        out.extend_from_slice(if out.is_empty() { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(serde_json::Value::from(value).to_string().as_bytes());
    };
    text(&mut out, "id", id);
    text(&mut out, "type", kind);
    for (name, from) in [
        ("correlation", header::CORRELATION_ID),
        ("causation", header::CAUSATION_ID),
    ] {
        if let Some(value) = header_text(record, from) {
            text(&mut out, name, value);
        }
    }
    if let Some(version) = header_text(record, header::EXPECTED_VERSION) {
        out.extend_from_slice(b",\"expected_version\":");
        out.extend_from_slice(version.as_bytes());
    }
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(json);
    out.push(b'}');
    Ok(Cow::Owned(out))
}

/// The id that a record names, whoever sent it; `None` when it names none.
pub(crate) fn command_id(record: &Record, json: &[u8]) -> Option<CommandId> {
    let json = structured(record, json).ok()?;
    let envelope: CommandEnvelope<'_> = serde_json::from_slice(&json).ok()?;
    Some(envelope.id)
}

fn header_text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record
        .header(name)
        .and_then(|value| std::str::from_utf8(value).ok())
}

/// Actor and time of the command. What a record claims must agree with what the log proves; the
/// key's tenant is the claim that everything else hangs on.
fn authenticate(
    sender: &Sender,
    envelope: &CommandEnvelope<'_>,
    record: &Record,
    keyed: &Tenant,
    claimed: Option<&str>,
) -> Result<(Actor, Timestamp), Refused> {
    let refused = |detail: &str| Refused::new(DeadReason::NotAuthentic, detail);
    if claimed.is_some_and(|claimed| claimed != keyed.as_str()) {
        return Err(refused("header tenant differs from the key's tenant"));
    }
    if envelope
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant != keyed)
    {
        return Err(refused("envelope's tenant differs from the key's tenant"));
    }
    match sender {
        Sender::Platform => match (&envelope.tenant, &envelope.actor, envelope.at) {
            (Some(_), Some(actor), Some(at)) => Ok((actor.clone(), at)),
            _ => Err(refused("signed envelope lacks tenant, actor or time")),
        },
        Sender::Producer { tenant, .. } if tenant != keyed => Err(refused(
            "the topic's producer may not write for this tenant",
        )),
        Sender::Producer { actor, .. } => {
            if envelope
                .actor
                .as_ref()
                .is_some_and(|claimed| claimed != actor)
            {
                return Err(refused("envelope's actor is not the topic's producer"));
            }
            Ok((actor.clone(), record.logged_at))
        }
    }
}

fn command<C: Context>(envelope: &CommandEnvelope<'_>) -> Result<C::Input, Refused> {
    adjacent::from_raw(&envelope.kind, envelope.data).map_err(|error| {
        let reason = if knows::<C>(&envelope.kind) {
            DeadReason::Undecodable
        } else {
            DeadReason::UnknownType
        };
        Refused::new(reason, format!("{}: {error}", envelope.kind))
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

/// Hash of type and data: the same for a retry, whatever the envelope around it says.
#[must_use]
pub fn body_hash(kind: &str, data: &str) -> i64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(kind.as_bytes());
    hasher.update(&[0]);
    hasher.update(data.as_bytes());
    hasher.digest().cast_signed()
}

/// The bytes of a key, for those who keep them: a copy, because a record's own share the memory of
/// all that came with it.
pub(crate) fn key_bytes(record: &Record) -> Bytes {
    Bytes::copy_from_slice(record.key.as_deref().unwrap_or_default())
}
