//! What is known of the bearers of tokens: the directory of members, and the roll of tenants.

use std::sync::Arc;

use http::auth::{Completion, Members};
use kernel::{Subject, Tenancy as _, Timestamp};
use members::Directory;

use super::Platform;
use super::known::Awaited;
use super::tenants::Managed;

/// Completes what a token says by what the directory knows, if the tenant is served.
pub(super) struct Known {
    directory: Awaited<Directory>,
    managed: Option<Managed>,
}

impl Known {
    pub(super) fn new(platform: &Platform) -> Self {
        Self {
            directory: Awaited::new(platform.directory.clone()),
            managed: platform.managed(),
        }
    }

    fn of(&self, subject: &Subject) -> Option<Arc<members::Known>> {
        let (tenant, actor) = (&subject.tenant, &subject.actor);
        self.directory
            .ask(|directory| directory.known(tenant, actor))
    }
}

impl Members for Known {
    fn version(&self) -> Option<u64> {
        let managed = self.managed.as_ref();
        if !self.directory.is_read() || managed.is_some_and(|managed| !managed.is_read()) {
            return None;
        }
        Some(self.directory.version() + managed.map_or(0, Managed::version))
    }

    fn changes(&self, subject: &Subject) -> u64 {
        let of_tenant = self.managed.as_ref();
        let of_tenant = of_tenant.map_or(0, |managed| managed.changes(&subject.tenant));
        self.of(subject).map_or(0, |known| known.changes()) + of_tenant
    }

    fn complete(&self, subject: &Subject) -> Completion {
        let managed = self.managed.as_ref();
        if let Some(unserved) = managed.and_then(|managed| managed.unserved(&subject.tenant)) {
            return Completion::Unserved(unserved);
        }
        let Some(known) = self.of(subject) else {
            return Completion::AsIs;
        };
        // A token without a time is as old as can be.
        let issued = Timestamp::from_millis(subject.issued_s.unwrap_or(0).saturating_mul(1_000));
        if known.has_revoked(issued) {
            return Completion::Revoked;
        }
        let completed = known.complete(subject);
        if completed == *subject {
            Completion::AsIs
        } else {
            Completion::By(Box::new(completed))
        }
    }
}
