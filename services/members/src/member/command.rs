//! What can be asked of a member.

use std::collections::BTreeSet;

use kernel::{Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Limits;
use crate::label::{Account, Book};

/// A command; the record's key names the member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum MemberCommand {
    GrantRoles(GrantRoles),
    WithdrawRoles(WithdrawRoles),
    SetLimits(SetLimits),
    RevokeTokens(RevokeTokens),
}

impl MemberCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::GrantRoles(_) => "GrantRoles",
            Self::WithdrawRoles(_) => "WithdrawRoles",
            Self::SetLimits(_) => "SetLimits",
            Self::RevokeTokens(_) => "RevokeTokens",
        }
    }
}

/// Adds roles to those that the member's tokens list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRoles {
    /// At most 32 in all.
    pub roles: BTreeSet<Role>,
}

/// Takes back roles that were granted here; those of a token stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRoles {
    pub roles: BTreeSet<Role>,
}

/// Replaces all limits: what is left out is no limit. Those that a token states stay beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetLimits {
    /// The books that the member may trade and see, at most 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub books: Option<BTreeSet<Book>>,
    /// The accounts, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<BTreeSet<Account>>,
    /// The largest amount booked at once, whole units of the trade's currency; 0 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<i64>,
}

impl From<&SetLimits> for Limits {
    fn from(set: &SetLimits) -> Self {
        Self {
            books: set.books.clone(),
            accounts: set.accounts.clone(),
            ceiling: set.ceiling,
        }
    }
}

/// Tokens that were issued before do not count any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RevokeTokens {
    /// The time of the command if it is left out; never later than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_before: Option<Timestamp>,
}
