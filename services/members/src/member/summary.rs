//! The shape of a query's answer.

use std::collections::BTreeSet;

use kernel::{AggregateId, Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Limits;

/// What is known of a member beside its tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemberSummary {
    pub member_id: AggregateId,
    pub roles: BTreeSet<Role>,
    pub limits: Limits,
    /// Tokens issued before this do not count.
    pub tokens_revoked_before: Option<Timestamp>,
    pub version: u64,
    pub updated_at: Timestamp,
}
