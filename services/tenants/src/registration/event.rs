//! What happened to a tenant. A shipped event never changes its shape.

use cqrs_es::DomainEvent;
use kernel::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{Reason, Title};

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum RegistrationEvent {
    TenantCreated(TenantCreated),
    TenantSuspended(TenantSuspended),
    TenantResumed(TenantResumed),
}

impl RegistrationEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::TenantCreated(_) => "TenantCreated",
            Self::TenantSuspended(_) => "TenantSuspended",
            Self::TenantResumed(_) => "TenantResumed",
        }
    }
}

impl DomainEvent for RegistrationEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenantCreated {
    pub tenant_id: Tenant,
    pub title: Title,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenantSuspended {
    pub tenant_id: Tenant,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenantResumed {
    pub tenant_id: Tenant,
}
