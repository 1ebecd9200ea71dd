//! Which letters are meant.

use kernel::port::DeadLetterState;
use operations::Letters;
use pipeline::{Fingerprint, Known};

/// Letters of one context, or of all.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) contexts: Vec<&'static str>,
    pub(crate) state: DeadLetterState,
    pub(crate) by: By,
}

#[derive(Clone, Debug)]
pub(crate) enum By {
    All,
    Letter { partition: u16, offset: i64 },
    Key(Box<str>),
    Fingerprint(Fingerprint),
}

/// A text that names nothing here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("there is no context {0}")]
    Context(String),
    #[error("{0}")]
    Fingerprint(#[from] pipeline::NoFingerprint),
}

impl Selection {
    /// The parked letters that an operation is about.
    pub(crate) fn of(letters: &Letters, known: &[&'static str]) -> Result<Self, Unknown> {
        let by = match letters {
            Letters::Letter {
                partition, offset, ..
            } => By::Letter {
                partition: *partition,
                offset: *offset,
            },
            Letters::Key { key, .. } => By::Key(key.as_str().into()),
            Letters::Fingerprint { fingerprint, .. } => {
                By::Fingerprint(fingerprint.as_str().parse()?)
            }
        };
        Ok(Self {
            contexts: vec![context(letters.context().as_str(), known)?],
            state: DeadLetterState::Parked,
            by,
        })
    }

    pub(crate) fn takes(&self, known: &Known) -> bool {
        let stored = &known.stored;
        stored.state == self.state && self.is_meant(known)
    }

    /// Whatever has been done about it.
    pub(crate) fn is_meant(&self, known: &Known) -> bool {
        let stored = &known.stored;
        match &self.by {
            By::All => true,
            By::Letter { partition, offset } => {
                let place = (stored.partition_id.partition, stored.letter.offset);
                place == (*partition, *offset)
            }
            By::Key(key) => stored.letter.key.as_deref() == Some(key.as_bytes()),
            By::Fingerprint(wanted) => known.traits.fingerprint() == *wanted,
        }
    }
}

pub(crate) fn context(name: &str, known: &[&'static str]) -> Result<&'static str, Unknown> {
    let mut known = known.iter().copied();
    let found = known.find(|known| *known == name);
    found.ok_or_else(|| Unknown::Context(name.to_owned()))
}
