//! What letters have in common: whose they are, and the fingerprint that groups them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::batch::{DeadLetter, DeadReason};
use kernel::frame::{framed_object, unframe};
use kernel::id::{CommandId, Tenant};
use kernel::port::{Authority, Record, Sender, StoredDeadLetter};
use kernel::topic;
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use crate::handle::{command_id, structured};

/// Characters of a command's name that are kept: whoever may write to the log can write anything.
const NAME_MAX: usize = 64;

/// What a letter has in common with others that failed alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Traits {
    /// Whose commands they were to be.
    pub context: &'static str,
    /// [`DeadReason::as_str`].
    pub reason: &'static str,
    /// The name of the command, as far as it can be read.
    pub command_type: Option<String>,
    /// The registry's number of the schema, where it was framed.
    pub schema: Option<u32>,
    /// The producer that is proven to have sent it, or `platform`; none where nothing proves it.
    pub producer: Option<String>,
}

/// Names the traits in 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 16 hexadecimal digits in lower case")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let read = u64::from_str_radix(text, 16).map(Self);
        let read = read.map_err(|_| NoFingerprint)?;
        // One group has one name.
        let is_plain = read.to_string() == text;
        is_plain.then_some(read).ok_or(NoFingerprint)
    }
}

impl Traits {
    /// The group of all letters with these traits.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let schema = self.schema.map(|id| id.to_string());
        let (kind, producer) = (self.command_type.as_deref(), self.producer.as_deref());
        let parts = [
            Some(self.context),
            Some(self.reason),
            kind,
            schema.as_deref(),
            producer,
        ];
        let mut hash = Xxh3::new();
        for part in parts {
            // None is another trait than an empty text.
            let (known, text) = (u8::from(part.is_some()), part.unwrap_or_default());
            hash.update(&[known]);
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Fingerprint(hash.digest())
    }
}

/// A letter with what can be told of it by itself.
#[derive(Clone, Debug)]
pub struct Known {
    /// As it is kept.
    pub stored: StoredDeadLetter,
    /// Whose it is: the tenant of its key, if its sender is proven to write for that one. None is the
    /// installation's: nobody is proven to have written it, and it may hold anybody's data.
    pub tenant: Option<Tenant>,
    /// What it has in common with others.
    pub traits: Traits,
}

/// Tells whose letters are, and what they have in common.
#[derive(Clone)]
pub struct Reading(pub Arc<dyn Authority>);

impl Reading {
    /// Of one letter.
    #[must_use]
    pub fn of(&self, stored: StoredDeadLetter) -> Known {
        let context = stored.partition_id.context;
        let record = record(&stored.letter);
        let sender = self.sender(context, &stored.letter, &record);
        let keyed = tenant_of_key(&stored.letter);
        let tenant = keyed.filter(|tenant| match &sender {
            // The signature covers the key.
            Some(Sender::Platform) => true,
            Some(Sender::Producer(producer)) => producer.subject.tenant == *tenant,
            None => false,
        });
        let traits = Traits {
            context,
            reason: stored.letter.reason.as_str(),
            command_type: command_type(&record),
            schema: record
                .value
                .as_deref()
                .and_then(unframe)
                .map(|framed| framed.id),
            producer: sender.map(|sender| match sender {
                Sender::Platform => "platform".to_owned(),
                Sender::Producer(producer) => producer.name.clone(),
            }),
        };
        Known {
            stored,
            tenant,
            traits,
        }
    }

    /// The id that its command is handled under; none where nothing proves the sender, or the command
    /// cannot be read without the registry.
    #[must_use]
    pub fn command(&self, stored: &StoredDeadLetter) -> Option<CommandId> {
        let letter = &stored.letter;
        if letter.command.is_some() {
            return letter.command;
        }
        let value = letter.value.as_deref()?;
        let json = framed_object(value).unwrap_or(value);
        let (context, record) = (stored.partition_id.context, record(letter));
        self.0.sender(context, &record)?;
        command_id(&*self.0, context, &record, json)
    }

    /// What could not be read could have been anything, its proof too.
    fn sender(&self, context: &str, letter: &DeadLetter, record: &Record) -> Option<Sender> {
        if matches!(
            letter.reason,
            DeadReason::Unreadable | DeadReason::NotAuthentic
        ) {
            return None;
        }
        self.0.sender(context, record)
    }
}

/// The letter as the record that it was.
pub(crate) fn record(letter: &DeadLetter) -> Record {
    Record {
        offset: letter.offset,
        logged_at: letter.logged_at,
        key: letter.key.clone(),
        value: letter.value.clone(),
        headers: letter.headers.clone(),
        log_position: None,
        unreadable: None,
    }
}

fn tenant_of_key(letter: &DeadLetter) -> Option<Tenant> {
    let key = std::str::from_utf8(letter.key.as_deref()?).ok()?;
    topic::split_key(key).ok().map(|(tenant, _)| tenant)
}

fn command_type(record: &Record) -> Option<String> {
    #[derive(Deserialize)]
    struct Peeked<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    let value = record.value.as_deref()?;
    let json = framed_object(value).unwrap_or(value);
    let json = structured(record, json).ok()?;
    let peeked: Peeked<'_> = serde_json::from_slice(&json).ok()?;
    Some(peeked.kind.chars().take(NAME_MAX).collect())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use kernel::port::{DeadLetterState, Misplaced, Outcomes, Producer};
    use kernel::topic::PartitionId;
    use kernel::{Standings, Subject, Timestamp};

    use super::*;

    /// Says the same of every record.
    struct Says(Option<Sender>);

    impl Authority for Says {
        fn sign(&self, _: &str, _: &[u8], _: &[u8]) -> Bytes {
            Bytes::new()
        }

        fn sender(&self, _: &str, _: &Record) -> Option<Sender> {
            self.0.clone()
        }
    }

    fn producer() -> Producer {
        let (tenant, actor) = ("demo".parse().unwrap(), "oms".parse().unwrap());
        Producer {
            name: "oms".to_owned(),
            subject: Subject::person(tenant, actor, vec![]),
            standings: Standings::default(),
            misplaced: Misplaced::Park,
            outcomes: Outcomes::Refused,
        }
    }

    #[test]
    fn letter_is_of_a_command_and_a_tenant_only_if_its_sender_is_proven() {
        let value = r#"{"id":"k-1","type":"BookTrade","data":{}}"#;
        let stored = StoredDeadLetter {
            partition_id: PartitionId {
                context: "trades",
                partition: 0,
            },
            state: DeadLetterState::Parked,
            letter: DeadLetter {
                offset: 7,
                key: Some("demo/T-1".into()),
                value: Some(value.into()),
                headers: Vec::new(),
                logged_at: Timestamp::from_millis(0),
                reason: DeadReason::NotAllowed,
                detail: String::new(),
                command: None,
            },
        };
        let told = |sender| {
            let reading = Reading(Arc::new(Says(sender)));
            let (command, known) = (reading.command(&stored), reading.of(stored.clone()));
            (command.is_some(), known.tenant.is_some())
        };
        let by_producer = Sender::Producer(Arc::new(producer()));
        assert_eq!(told(Some(by_producer)), (true, true));
        assert_eq!(told(None), (false, false));
    }

    fn traits() -> Traits {
        Traits {
            context: "trades",
            reason: "too_large",
            command_type: Some("BookTrade".to_owned()),
            schema: None,
            producer: None,
        }
    }

    #[test]
    fn fingerprint_is_the_same_in_every_release() {
        // Proposals and scripts name groups by it.
        assert_eq!(traits().fingerprint().to_string(), "28cbb03692797382");
    }

    #[test]
    fn every_trait_makes_another_group() {
        let others = [
            Traits {
                context: "agents",
                ..traits()
            },
            Traits {
                reason: "panicked",
                ..traits()
            },
            Traits {
                command_type: None,
                ..traits()
            },
            Traits {
                command_type: Some(String::new()),
                ..traits()
            },
            Traits {
                schema: Some(7),
                ..traits()
            },
            Traits {
                producer: Some("drop".to_owned()),
                ..traits()
            },
        ];
        for other in others {
            assert_ne!(other.fingerprint(), traits().fingerprint(), "{other:?}");
        }
    }

    #[test]
    fn fingerprint_has_one_spelling() {
        let text = Fingerprint(0xab).to_string();
        assert_eq!(text, "00000000000000ab");
        assert_eq!(text.parse(), Ok(Fingerprint(0xab)));
        for other in [
            "ab",
            "00000000000000AB",
            "+0000000000000ab",
            "",
            "g000000000000000",
        ] {
            assert_eq!(other.parse::<Fingerprint>(), Err(NoFingerprint), "{other}");
        }
    }
}
