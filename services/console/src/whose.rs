//! Who sees which letters.

use std::sync::Arc;

use kernel::port::{Authority, StoredDeadLetter};
use kernel::{CommandId, Tenant};
use pipeline::{Known, Reading};

/// A letter is its tenant's. One that nobody is proven to have written for a tenant may hold anybody's
/// data: it is seen by operators of the platform's own tenants alone.
#[derive(Clone)]
pub struct Whose {
    reading: Reading,
    platform: Arc<[Tenant]>,
}

impl Whose {
    /// `platform` lists the tenants whose operators look after the installation.
    #[must_use]
    pub fn new(authority: Arc<dyn Authority>, platform: &[Tenant]) -> Self {
        Self {
            reading: Reading(authority),
            platform: platform.into(),
        }
    }

    pub(crate) fn known(&self, stored: StoredDeadLetter) -> Known {
        self.reading.of(stored)
    }

    pub(crate) fn command(&self, stored: &StoredDeadLetter) -> Option<CommandId> {
        self.reading.command(stored)
    }

    pub(crate) fn sees(&self, tenant: &Tenant, known: &Known) -> bool {
        match &known.tenant {
            Some(of) => of == tenant,
            None => self.platform.contains(tenant),
        }
    }
}
