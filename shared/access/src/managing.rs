//! Permissions about tenants, which no policy can give to another than the managing tenant.

use std::sync::Arc;

use kernel::access::TENANTS;
use kernel::{Access, Facts, Permission, Standing, Subject, Tenant, Verdict};

use crate::schema::READ;

/// What a refusal calls the rule that nobody suspends the tenant they manage from.
const OWN: &str = "managing-tenant-is-always-served";

/// Policies, of which those about tenants count for the people and services of one tenant.
pub struct OneManages {
    policies: Arc<dyn Access>,
    /// Nobody manages tenants where there is none.
    manager: Option<Tenant>,
}

impl OneManages {
    /// Deny by default: without a manager nobody has a permission about tenants.
    #[must_use]
    pub fn new(policies: Arc<dyn Access>, manager: Option<Tenant>) -> Self {
        Self { policies, manager }
    }

    /// Whether the permission is one that the subject's tenant cannot have.
    fn withholds(&self, subject: &Subject, permission: Permission) -> bool {
        permission.area() == TENANTS && self.manager.as_ref() != Some(&subject.tenant)
    }

    /// Whether it would change the managing tenant itself, which is served whatever is said of it.
    fn changes_own(&self, permission: Permission, facts: &Facts) -> bool {
        let manager = self.manager.as_ref().map(Tenant::as_str);
        changes_a_tenant(permission) && manager.is_some() && facts.tenant.as_deref() == manager
    }
}

impl Access for OneManages {
    fn standing(&self, subject: &Subject, permission: Permission) -> Standing {
        if self.withholds(subject, permission) {
            return Standing::Denied;
        }
        let standing = self.policies.standing(subject, permission);
        match standing {
            // It depends on which.
            Standing::Allowed if changes_a_tenant(permission) => Standing::Depends,
            Standing::Allowed | Standing::Denied | Standing::Depends => standing,
        }
    }

    fn decide(&self, subject: &Subject, permission: Permission, facts: &Facts) -> Verdict {
        if self.withholds(subject, permission) {
            return denied(Vec::new());
        }
        if self.changes_own(permission, facts) {
            return denied(vec![OWN.to_owned()]);
        }
        self.policies.decide(subject, permission, facts)
    }

    fn version(&self) -> &str {
        self.policies.version()
    }
}

fn changes_a_tenant(permission: Permission) -> bool {
    permission.area() == TENANTS && permission.verb() != READ
}

fn denied(by: Vec<String>) -> Verdict {
    Verdict { allowed: false, by }
}
