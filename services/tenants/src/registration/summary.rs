//! The shape of a query's answer.

use kernel::{AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{Reason, Title};

/// What is known of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationSummary {
    pub tenant_id: AggregateId,
    pub title: Title,
    pub state: TenantState,
    /// Why it is suspended, while it is.
    pub reason: Option<Reason>,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenantState {
    Active,
    Suspended,
}
