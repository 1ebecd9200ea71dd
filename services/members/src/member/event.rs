//! What happened to a member. A shipped event never changes its shape.

use std::collections::BTreeSet;

use cqrs_es::DomainEvent;
use kernel::{Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{Account, Book, MemberId};

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum MemberEvent {
    RolesGranted(RolesChanged),
    RolesWithdrawn(RolesChanged),
    LimitsSet(LimitsSet),
    TokensRevoked(TokensRevoked),
}

impl MemberEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::RolesGranted(_) => "RolesGranted",
            Self::RolesWithdrawn(_) => "RolesWithdrawn",
            Self::LimitsSet(_) => "LimitsSet",
            Self::TokensRevoked(_) => "TokensRevoked",
        }
    }
}

impl DomainEvent for MemberEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RolesChanged {
    pub member_id: MemberId,
    /// Those that are granted from now on, all of them.
    pub roles: BTreeSet<Role>,
}

/// What a member is limited to; what is absent is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub books: Option<BTreeSet<Book>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<BTreeSet<Account>>,
    /// Whole units of the trade's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitsSet {
    pub member_id: MemberId,
    /// All limits as they are now.
    pub limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokensRevoked {
    pub member_id: MemberId,
    /// Tokens issued before this do not count; never earlier than in the event before.
    pub issued_before: Timestamp,
}
