//! What can be asked of a tenant's registration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{Reason, Title};

/// A command; the record's key names the managing tenant, and the managed one as the aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum RegistrationCommand {
    CreateTenant(CreateTenant),
    SuspendTenant(SuspendTenant),
    ResumeTenant(ResumeTenant),
}

impl RegistrationCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateTenant(_) => "CreateTenant",
            Self::SuspendTenant(_) => "SuspendTenant",
            Self::ResumeTenant(_) => "ResumeTenant",
        }
    }
}

/// Takes a tenant onto the roll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    pub title: Title,
}

/// Serves the tenant no longer; everything of it stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendTenant {
    pub reason: Reason,
}

/// Serves the tenant again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeTenant {}
