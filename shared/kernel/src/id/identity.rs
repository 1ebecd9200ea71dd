//! Who somebody is, whatever they are called.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::access::Subject;

/// Made of issuer, subject and kind: it stays the same when an actor is given another name, and two
/// identities never have one. It does not show what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Identity(pub Uuid);

impl Identity {
    /// Of whoever a token or a producer's proof names.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        let mut hash = Sha256::new_with_prefix("identity");
        for part in [&*subject.issuer, &*subject.name, subject.kind.name()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let (bytes, _) = digest
            .split_first_chunk()
            .expect("a SHA-256 digest has 32 bytes");
        Self(Builder::from_custom_bytes(*bytes).into_uuid())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SubjectKind;

    fn subject(issuer: &str, name: &str, kind: SubjectKind) -> Subject {
        let (tenant, actor) = ("demo".parse().unwrap(), "ann".parse().unwrap());
        Subject {
            issuer: issuer.into(),
            name: name.into(),
            kind,
            ..Subject::person(tenant, actor, Vec::new())
        }
    }

    #[test]
    fn identity_is_issuer_name_and_kind_and_not_what_somebody_is_called() {
        let ann = subject("https://id", "ann", SubjectKind::Person);
        let renamed = Subject {
            actor: "ann-2".parse().unwrap(),
            ..ann.clone()
        };
        assert_eq!(Identity::of(&ann), Identity::of(&renamed));
        for other in [
            subject("https://id2", "ann", SubjectKind::Person),
            subject("https://i", "dann", SubjectKind::Person),
            subject("https://id", "ann", SubjectKind::Service),
        ] {
            assert_ne!(Identity::of(&ann), Identity::of(&other), "{other:?}");
        }
    }
}
