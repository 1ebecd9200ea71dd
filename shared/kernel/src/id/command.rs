//! What makes two commands one: their identity, and where it comes from.
//!
//! A caller names a command by a key; the identity is made of that key, the tenant, the context and
//! the aggregate. The platform's own commands are named by what caused them. Every origin hashes
//! under a word of its own, so no text that a caller can send leads to an id of the platform's, nor
//! to one of another tenant or aggregate.

use std::fmt;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{AggregateId, EventId, Tenant};
use crate::label::{BadLabel, Label, LabelKind};
use crate::time::Timestamp;

/// Kind of [`CommandKey`].
pub enum CommandKeyKind {}
impl LabelKind for CommandKeyKind {
    const NAME: &'static str = "command key";
    const MAX: usize = 255;
    const PATTERN: &'static str = "^[ -~]+$";
    fn admits(byte: u8) -> bool {
        matches!(byte, b' '..=b'~')
    }
}
/// The name that a caller gives a command: HTTP's `Idempotency-Key`, a producer's `id`. The same key,
/// tenant and aggregate are the same command, over HTTP and Kafka alike. A hyphenated UUID is the
/// same key in either case.
pub type CommandKey = Label<CommandKeyKind>;

impl CommandKey {
    /// As [`Label::new`], with a hyphenated UUID in lower case.
    ///
    /// # Errors
    /// As [`Label::new`].
    pub fn parse(text: &str) -> Result<Self, BadLabel> {
        match uuid_of(text) {
            Some(uuid) => {
                let mut lower = Uuid::encode_buffer();
                Self::new(uuid.hyphenated().encode_lower(&mut lower))
            }
            None => Self::new(text),
        }
    }
}

fn uuid_of(text: &str) -> Option<Uuid> {
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    hyphenated.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The identity of a command: same id, same effect, once.
///
/// A UUID of version 7 where the platform drew it, of version 8 where it was derived: 48 bits of time
/// in milliseconds if the origin has one, then a hash. Neighbours in time are neighbours in an index.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// Bytes of a time-ordered UUID that hold its time.
const TIME_BYTES: usize = 6;
/// Largest difference between the time in an id and the time of acceptance that still shows where its
/// neighbours are.
const ABOUT_MS: u64 = 10 * 60 * 1_000;

impl CommandId {
    /// The command that a caller of the tenant names by `key`, for that aggregate.
    #[must_use]
    pub fn of_caller(
        key: &CommandKey,
        tenant: &Tenant,
        context: &str,
        aggregate: &AggregateId,
    ) -> Self {
        let named = Named::by(key);
        let [kind, key] = named.parts();
        let [tenant_text, aggregate] = [tenant.as_str(), aggregate.as_str()].map(str::as_bytes);
        let parts = [tenant_text, context.as_bytes(), aggregate, kind, key];
        let digest = digest("caller", &parts);
        Self::behind(named.prefix(tenant), &digest)
    }

    /// All ids that commands under the key can have, whatever they are for; others lie among them.
    #[must_use]
    pub fn of_key(key: &CommandKey, tenant: &Tenant) -> RangeInclusive<Self> {
        let prefix = Named::by(key).prefix(tenant);
        let bound = |rest| {
            let mut bytes = [rest; 16];
            bytes[..TIME_BYTES].copy_from_slice(&prefix);
            Self(Uuid::from_bytes(bytes))
        };
        bound(0)..=bound(u8::MAX)
    }

    /// The `n`th command that `reaction` derives from `event`, whose command was accepted `at`.
    #[must_use]
    pub fn of_reaction(event: EventId, at: Timestamp, reaction: &str, n: usize) -> Self {
        let n = (n as u64).to_be_bytes();
        let digest = digest("reaction", &[event.0.as_bytes(), reaction.as_bytes(), &n]);
        Self::behind(time(at), &digest)
    }

    /// The command that the answer to the `n`th call becomes, which `effect` derives from `event`.
    #[must_use]
    pub fn of_effect(event: EventId, at: Timestamp, effect: &str, n: u32) -> Self {
        let n = u64::from(n).to_be_bytes();
        let digest = digest("effect", &[event.0.as_bytes(), effect.as_bytes(), &n]);
        Self::behind(time(at), &digest)
    }

    /// The command of the timer `name` that `event` set.
    #[must_use]
    pub fn of_timer(event: EventId, due: Timestamp, name: &str) -> Self {
        let digest = digest("timer", &[event.0.as_bytes(), name.as_bytes()]);
        Self::behind(time(due), &digest)
    }

    /// Work of the platform that several processes, or one process twice, may ask for.
    #[must_use]
    pub fn of_work(kind: &str, work: &str) -> Self {
        let digest = digest("work", &[kind.as_bytes(), work.as_bytes()]);
        let (prefix, rest) = digest
            .split_first_chunk()
            .expect("a SHA-256 digest has 32 bytes");
        Self::behind(*prefix, rest)
    }

    /// Whether the id holds a time close to `at`, so that its neighbours in an index are the
    /// commands of that time.
    #[must_use]
    pub fn is_about(self, at: Timestamp) -> bool {
        if !matches!(self.0.get_version_num(), 7 | 8) {
            return false;
        }
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0.as_bytes()[..TIME_BYTES]);
        millis(at).abs_diff(u64::from_be_bytes(bytes)) <= ABOUT_MS
    }

    fn behind(prefix: [u8; TIME_BYTES], digest: &[u8]) -> Self {
        let mut bytes = [0; 16];
        let rest = bytes.len() - TIME_BYTES;
        bytes[..TIME_BYTES].copy_from_slice(&prefix);
        bytes[TIME_BYTES..].copy_from_slice(&digest[..rest]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A key as it is hashed: a hyphenated UUID in either case is one key, and no text is a UUID.
enum Named<'k> {
    Uuid(Uuid),
    Text(&'k str),
}

impl<'k> Named<'k> {
    fn by(key: &'k CommandKey) -> Self {
        let text = key.as_str();
        uuid_of(text).map_or(Self::Text(text), Self::Uuid)
    }

    /// Its kind and its bytes.
    fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Uuid(uuid) => [b"uuid", uuid.as_bytes()],
            Self::Text(text) => [b"text", text.as_bytes()],
        }
    }

    /// The key's own time if it has one; else its place is as good as any other, and the same for
    /// all aggregates of the tenant.
    fn prefix(&self, tenant: &Tenant) -> [u8; TIME_BYTES] {
        let first = |bytes: &[u8]| {
            let (first, _) = bytes
                .split_first_chunk()
                .expect("a UUID has 16 bytes, a SHA-256 digest 32");
            *first
        };
        match self {
            Self::Uuid(uuid) if uuid.get_version_num() == 7 => first(uuid.as_bytes()),
            named => {
                let [kind, key] = named.parts();
                first(&digest("key", &[tenant.as_str().as_bytes(), kind, key]))
            }
        }
    }
}

/// Every part goes in behind its length, so that no two lists of parts give the same bytes.
fn digest(origin: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let domain: [&[u8]; 2] = [b"dealerboard command", origin.as_bytes()];
    for part in domain.iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn time(at: Timestamp) -> [u8; TIME_BYTES] {
    let [_, _, time @ ..] = millis(at).to_be_bytes();
    time
}

/// Milliseconds since 1970, 0 before.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.micros()).unwrap_or_default() / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V7: &str = "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6a";
    const V4: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

    fn id(key: &str, tenant: &str, context: &str, aggregate: &str) -> CommandId {
        CommandId::of_caller(
            &key.parse().unwrap(),
            &tenant.parse().unwrap(),
            context,
            &aggregate.parse().unwrap(),
        )
    }

    /// Computed with Python's `hashlib`, from this module's description alone. They may never change,
    /// or a retry would act twice.
    #[test]
    fn ids_never_change() {
        let at = Timestamp::from_millis(1_381_132_800_688);
        let event = EventId(Uuid::from_u128(7));
        let known = [
            id(V7, "demo", "trades", "T-1"),
            id("order-1", "demo", "trades", "T-1"),
            CommandId::of_reaction(event, at, "fills-to-positions", 0),
            CommandId::of_timer(event, at, "wrap_up"),
            CommandId::of_work("router", "demo/V-1/3/relax/1"),
            CommandId::of_effect(event, at, "offers-to-mail", 0),
        ];
        assert_eq!(
            known.map(|id| id.to_string()),
            [
                "0193e7a4-5b0c-8823-9646-40a83ff99920",
                "c3503fc6-04f3-8e37-98dc-b8c013162748",
                "014191ee-12b0-81b9-af50-c52a67aa235a",
                "014191ee-12b0-82b8-b294-4f69f176fa15",
                "a0138341-75f0-83b5-a3c5-6486de29ef6a",
                "014191ee-12b0-816a-9918-a19e542ce38e",
            ]
        );
    }

    #[test]
    fn every_part_of_an_identity_tells_commands_apart() {
        for key in [V7, V4, "order-1"] {
            let one = id(key, "demo", "trades", "T-1");
            assert_eq!(one, id(key, "demo", "trades", "T-1"));
            for other in [
                id(key, "acme", "trades", "T-1"),
                id(key, "demo", "positions", "T-1"),
                id(key, "demo", "trades", "T-2"),
                id("order-2", "demo", "trades", "T-1"),
            ] {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn uuid_in_upper_case_is_the_same_key() {
        let lower = id(V7, "demo", "trades", "T-1");
        assert_eq!(lower, id(&V7.to_uppercase(), "demo", "trades", "T-1"));
        // Without hyphens it is a text like any other.
        assert_ne!(lower, id(&V7.replace('-', ""), "demo", "trades", "T-1"));
    }

    #[test]
    fn key_that_is_an_id_of_the_platform_leads_to_another_id() {
        let (at, event) = (Timestamp::from_millis(5), EventId(Uuid::from_u128(7)));
        let reaction = CommandId::of_reaction(event, at, "fills-to-positions", 0);
        let asked = id(&reaction.to_string(), "demo", "positions", "A/B/C");
        assert_ne!(asked, reaction);
    }

    #[test]
    fn parts_cannot_be_moved_from_one_to_the_next() {
        assert_ne!(id("k", "ab", "c", "d"), id("k", "a", "bc", "d"));
        assert_ne!(id("k", "a", "bc", "d"), id("k", "a", "b", "cd"));
    }

    #[test]
    fn time_of_a_key_is_the_time_of_its_id() {
        let at = Timestamp::from_millis(0x0193_e7a4_5b0c);
        assert!(id(V7, "demo", "trades", "T-1").is_about(at));
        assert!(CommandId(V7.parse().unwrap()).is_about(at));
        assert!(!CommandId(V7.parse().unwrap()).is_about(Timestamp::from_millis(5)));
        assert!(!CommandId(V4.parse().unwrap()).is_about(at));
        assert!(!id("order-1", "demo", "trades", "T-1").is_about(at));
    }

    proptest! {
        #[test]
        fn ids_under_a_key_lie_in_its_range(key in "[ -~]{1,40}", tenant in "[a-z]{1,8}", aggregate in "[A-Za-z0-9:_-]{1,20}") {
            let range = CommandId::of_key(&key.parse().unwrap(), &tenant.parse().unwrap());
            prop_assert!(range.contains(&id(&key, &tenant, "trades", &aggregate)));
        }
    }
}
