//! Which tenants are served.

use std::fmt;

use crate::batch::DeadReason;
use crate::code::{Code, platform};
use crate::id::Tenant;

/// Why a tenant is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unserved {
    /// Until it is resumed.
    Suspended,
    /// It was not created, where tenants have to be.
    Unknown,
}

impl Unserved {
    /// What a caller is answered.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Suspended => platform::TENANT_SUSPENDED,
            Self::Unknown => platform::TENANT_UNKNOWN,
        }
    }

    /// Why a record is parked.
    #[must_use]
    pub fn reason(self) -> DeadReason {
        match self {
            Self::Suspended => DeadReason::TenantSuspended,
            Self::Unknown => DeadReason::TenantUnknown,
        }
    }

    /// The call of whoever manages tenants that mends it.
    #[must_use]
    pub fn fix(self, tenant: &Tenant) -> String {
        let call = match self {
            Self::Suspended => format!("POST /v1/tenants/{tenant}:resume"),
            Self::Unknown => format!("POST /v1/tenants with the tenant_id {tenant}"),
        };
        format!("ask whoever manages the tenants of this installation for {call}")
    }
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Suspended => "the tenant is suspended",
            Self::Unknown => "the tenant was not created",
        })
    }
}

/// Asked wherever something of a tenant enters: a request, a live stream, a record of a producer. What is
/// in the log by then, and what the platform does by itself, goes on.
pub trait Tenancy: Send + Sync {
    /// Whether it is known who is served; before that nobody is.
    fn is_read(&self) -> bool;

    /// Why the tenant is not served; `None` if it is.
    fn unserved(&self, tenant: &Tenant) -> Option<Unserved>;
}

/// Every tenant that a token or a producer names is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Tenancy for Open {
    fn is_read(&self) -> bool {
        true
    }

    fn unserved(&self, _tenant: &Tenant) -> Option<Unserved> {
        None
    }
}
