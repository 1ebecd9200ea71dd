//! Identities. Each is a type of its own, so that one cannot be passed for another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

use crate::label::{BadLabel, Label, LabelKind};

mod actor;
mod command;
mod identity;

pub use actor::{Actor, ActorKind};
pub use command::{CommandId, CommandKey, CommandKeyKind};
pub use identity::Identity;

/// Kind of [`Tenant`]; has no `/`, because the Kafka key is `{tenant}/{aggregate_id}`.
pub enum TenantKind {}
impl LabelKind for TenantKind {
    const NAME: &'static str = "tenant";
    const MAX: usize = 64;
    const PATTERN: &'static str = "^[A-Za-z0-9._-]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
    }
}
/// Whose data it is; comes from the principal, never from a payload.
pub type Tenant = Label<TenantKind>;

/// Kind of [`AggregateId`].
pub enum AggregateIdKind {}
impl LabelKind for AggregateIdKind {
    const NAME: &'static str = "aggregate id";
    const MAX: usize = 256;
    /// Blanks are admitted only in the contexts that set [`crate::Context::BLANKS_IN_IDS`].
    const PATTERN: &'static str = "^[!-~]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_graphic() || byte == b' '
    }
    const ADDRESSES: bool = true;
}
/// Which aggregate of a context, within one tenant; may contain `/` and inner blanks.
pub type AggregateId = Label<AggregateIdKind>;

impl AggregateId {
    /// # Errors
    /// [`BadLabel`]: it has blanks, which only ids of some contexts may.
    pub fn without_blanks(self) -> Result<Self, BadLabel> {
        if self.as_str().contains(' ') {
            return Err(BadLabel::Character(
                AggregateIdKind::NAME,
                AggregateIdKind::PATTERN,
            ));
        }
        Ok(self)
    }

    /// `uuid5(namespace, name)`: the id of an aggregate that the platform itself opens. The same name
    /// always gives the same id.
    #[must_use]
    pub fn derived(namespace: u128, name: &str) -> Self {
        let id = Uuid::new_v5(&Uuid::from_u128(namespace), name.as_bytes());
        Self::new(&id.to_string()).expect("a UUID is graphic and short")
    }
}

/// `uuid5(command_id, i)`: the `i`th event of a command always has the same id.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// Of the event at that place, from 0, among a command's events.
    #[must_use]
    pub fn of(command: CommandId, index: usize) -> Self {
        // As `Uuid::new_v5` does it, with the processor's own instructions where it has them.
        let mut digits = itoa::Buffer::new();
        let digest = Sha1::new()
            .chain_update(command.0.as_bytes())
            .chain_update(digits.format(index))
            .finalize();
        let (name, _) = digest
            .split_first_chunk()
            .expect("a SHA-1 digest has 20 bytes");
        Self(Builder::from_sha1_bytes(*name).into_uuid())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The fencing token of a partition's writer: random, because a counter can be rolled back by a
/// lossy failover of the database and then name two owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(pub Uuid);

#[cfg(test)]
mod tests {
    use super::{AggregateId, CommandId, EventId, Tenant};
    use crate::label::BadLabel;
    use uuid::Uuid;

    #[test]
    fn tenant_with_slash_is_refused() {
        assert!(matches!(
            Tenant::new("a/b"),
            Err(BadLabel::Character("tenant", _))
        ));
    }

    #[test]
    fn blanks_are_of_ids_that_may_have_them() {
        let id = AggregateId::new("A1/PROP/SPXW  260120P06835000").unwrap();
        assert!(id.without_blanks().is_err());
        let id = AggregateId::new("A1/PROP/EUR/USD").unwrap();
        assert_eq!(id.clone().without_blanks(), Ok(id));
    }

    #[test]
    fn derived_id_is_the_fifth_kind_of_uuid_over_the_name() {
        let expected = Uuid::new_v5(&Uuid::from_u128(7), b"C-1/9").to_string();
        assert_eq!(AggregateId::derived(7, "C-1/9").as_str(), expected);
    }

    #[test]
    fn empty_label_is_refused_when_decoded() {
        assert!(serde_json::from_str::<Tenant>("\"\"").is_err());
    }

    #[test]
    fn event_ids_are_the_fifth_kind_of_uuid_over_command_and_index() {
        let command = CommandId(Uuid::from_u128(7));
        for index in [0, 1, 12] {
            let name = index.to_string();
            let expected = Uuid::new_v5(&command.0, name.as_bytes());
            assert_eq!(EventId::of(command, index).0, expected);
        }
    }
}
