//! Whose records are believed: those the platform signed, those a producer signed with a key of its own,
//! and on a topic that the broker guards those of its one producer without a key.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::signature::{Keyring, Secret};
use kernel::port::{Authority, Producer, Record, SIGNATURE, Sender};
use kernel::topic;

pub struct ConfiguredAuthority {
    records: Keyring,
    contexts: HashMap<&'static str, Senders>,
}

/// Who writes to the command topic of a context.
struct Senders {
    topic: String,
    unsigned: Option<Arc<Producer>>,
    signing: Vec<(Keyring, Arc<Producer>)>,
}

/// Another system that writes commands to the log by itself.
#[derive(Clone, Debug)]
pub struct Sending {
    /// To whose command topic.
    pub context: String,
    /// As whom.
    pub producer: Producer,
    /// The key it signs with; without one the broker must vouch for it.
    pub secret_file: Option<PathBuf>,
}

impl ConfiguredAuthority {
    /// `prefix` is that of the topics.
    ///
    /// # Errors
    /// A producer is of no context, or nothing tells its records from another's, or its key cannot be
    /// read.
    pub fn new(
        records: Keyring,
        contexts: &[&'static str],
        prefix: &str,
        sending: Vec<Sending>,
    ) -> anyhow::Result<Self> {
        let senders = |context: &&'static str| {
            let senders = Senders {
                topic: topic::commands(prefix, context),
                unsigned: None,
                signing: Vec::new(),
            };
            (*context, senders)
        };
        let mut authority = Self {
            records,
            contexts: contexts.iter().map(senders).collect(),
        };
        for system in sending {
            let name = system.producer.name.clone();
            authority
                .admit(system)
                .with_context(|| format!("kafka.producers: {name}"))?;
        }
        Ok(authority)
    }

    fn admit(&mut self, system: Sending) -> anyhow::Result<()> {
        let context = system.context.as_str();
        let names: Vec<_> = self.contexts.keys().copied().collect();
        let senders = self.contexts.get_mut(context);
        let senders = senders.with_context(|| {
            format!("there is no context `{context}`, only {}", names.join(", "))
        })?;
        let producer = Arc::new(system.producer);
        let others = senders.signing.iter().map(|(_, other)| other);
        let mut others = others.chain(&senders.unsigned);
        ensure!(
            others.all(|other| other.name != producer.name),
            "{context} has two producers of this name"
        );
        let Some(file) = &system.secret_file else {
            if let Some(other) = &senders.unsigned {
                anyhow::bail!(
                    "nothing tells its records in {context} from those of {}; one of the two needs a \
                     secret_file of its own",
                    other.name
                );
            }
            senders.unsigned = Some(producer);
            return Ok(());
        };
        let secret = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
        let ring = Keyring::new(&producer.name, &Secret::new(secret)?)?;
        senders.signing.push((ring, producer));
        Ok(())
    }
}

impl Authority for ConfiguredAuthority {
    fn sign(&self, context: &str, key: &[u8], value: &[u8]) -> Bytes {
        let topic = self.contexts.get(context);
        let topic = topic.map_or(context, |senders| senders.topic.as_str());
        self.records.sign(topic, key, value).into()
    }

    fn sender(&self, context: &str, record: &Record) -> Option<Sender> {
        let senders = self.contexts.get(context)?;
        let Some(signature) = record.header(SIGNATURE) else {
            return senders.unsigned.clone().map(Sender::Producer);
        };
        // A signature that does not hold is worse than none.
        let (key, value) = (record.key.as_ref()?, record.value.as_ref()?);
        let holds = |ring: &Keyring| {
            let verified = ring.verify(&senders.topic, key, value, signature);
            verified.is_ok()
        };
        if holds(&self.records) {
            return Some(Sender::Platform);
        }
        let mut signing = senders.signing.iter();
        let (_, producer) = signing.find(|(ring, _)| holds(ring))?;
        Some(Sender::Producer(Arc::clone(producer)))
    }
}
