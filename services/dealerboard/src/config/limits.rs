//! How many requests are admitted.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How many requests a second are admitted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of each tenant.
    pub tenant: Quotas,
    /// Of each principal.
    pub principal: Quotas,
    /// Of tenants with quotas of their own.
    pub tenants: HashMap<kernel::Tenant, Quotas>,
}

/// 0 is no bound.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    pub commands_per_s: u32,
    pub reads_per_s: u32,
}
