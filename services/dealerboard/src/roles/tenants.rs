//! Which tenants are served, as their manager's events say.

use std::sync::Arc;

use kernel::tenancy::Open;
use kernel::{Tenancy, Tenant, Unserved};
use pipeline::Followed;
use tenants::{Entry, Roll};

use super::Platform;
use super::known::Awaited;

/// The roll of an installation in which one tenant manages the others.
pub(super) struct Managed {
    roll: Awaited<Roll>,
    manager: Tenant,
    /// Whether tenants that were not created are refused.
    registered_only: bool,
}

impl Managed {
    fn new(roll: Followed<Roll>, manager: Tenant, registered_only: bool) -> Self {
        Self {
            roll: Awaited::new(roll),
            manager,
            registered_only,
        }
    }

    fn entry(&self, tenant: &Tenant) -> Option<Entry> {
        self.roll.ask(|roll| roll.entry(&self.manager, tenant))
    }

    /// Raised with every change, and never 0: that nothing was said of a tenant may bar it.
    pub(super) fn version(&self) -> u64 {
        self.roll.version() + 1
    }

    /// How often what is known of the tenant has changed.
    pub(super) fn changes(&self, tenant: &Tenant) -> u64 {
        self.entry(tenant).map_or(0, |entry| entry.changes)
    }
}

impl Tenancy for Managed {
    fn is_read(&self) -> bool {
        self.roll.is_read()
    }

    /// The manager is served whatever is said of it: nobody could undo it.
    fn unserved(&self, tenant: &Tenant) -> Option<Unserved> {
        if *tenant == self.manager {
            return None;
        }
        match self.entry(tenant) {
            Some(entry) => entry.is_suspended.then_some(Unserved::Suspended),
            None => self.registered_only.then_some(Unserved::Unknown),
        }
    }
}

impl Platform {
    /// The roll, if a tenant manages the others.
    pub(super) fn managed(&self) -> Option<Managed> {
        let settings = &self.config.tenants;
        let manager = settings.manager()?;
        let roll = self.roll.clone();
        Some(Managed::new(roll, manager, settings.registered_only))
    }

    pub(super) fn tenancy(&self) -> Arc<dyn Tenancy> {
        match self.managed() {
            Some(managed) => Arc::new(managed),
            None => Arc::new(Open),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::context::Folded;
    use kernel::{CommandId, EventId, EventMeta, LiveProjection as _, Timestamp};
    use tenants::{RegistrationEvent, TenantCreated, TenantSuspended};

    use super::*;

    fn meta(manager: &str, sequence: u64) -> EventMeta {
        let command = CommandId(uuid::Uuid::nil());
        EventMeta {
            id: EventId::of(command, 0),
            command,
            tenant: manager.parse().unwrap(),
            aggregate: "acme".parse().unwrap(),
            sequence,
            at: Timestamp::from_millis(0),
            actor: "root".parse().unwrap(),
            correlation: None,
            causation: None,
            v: 1,
            kind: "".into(),
            log_position: sequence,
        }
    }

    /// One in which `manager` has said of acme what the events say.
    fn managed(manager: &str, registered_only: bool, events: &[RegistrationEvent]) -> Managed {
        let roll = Followed::new(1);
        for (sequence, event) in (1..).zip(events) {
            let event = Folded::Event(event.clone());
            roll.ask(|roll: &mut Roll| roll.fold(0, &meta(manager, sequence), event));
        }
        Managed::new(roll, "platform".parse().unwrap(), registered_only)
    }

    fn created() -> RegistrationEvent {
        RegistrationEvent::TenantCreated(TenantCreated {
            tenant_id: "acme".parse().unwrap(),
            title: "Acme".parse().unwrap(),
        })
    }

    fn suspended() -> RegistrationEvent {
        RegistrationEvent::TenantSuspended(TenantSuspended {
            tenant_id: "acme".parse().unwrap(),
            reason: "unpaid".parse().unwrap(),
        })
    }

    fn of(managed: &Managed, tenant: &str) -> Option<Unserved> {
        managed.unserved(&tenant.parse().unwrap())
    }

    #[test]
    fn tenant_that_was_not_created_is_refused_where_tenants_have_to_be() {
        let open = managed("platform", false, &[]);
        let closed = managed("platform", true, &[created()]);
        assert_eq!(of(&open, "acme"), None);
        assert_eq!(of(&closed, "acme"), None);
        assert_eq!(of(&closed, "demo"), Some(Unserved::Unknown));
    }

    #[test]
    fn suspended_tenant_is_refused_either_way_and_the_manager_never() {
        for registered_only in [false, true] {
            let managed = managed("platform", registered_only, &[created(), suspended()]);
            assert_eq!(of(&managed, "acme"), Some(Unserved::Suspended));
            assert_eq!(of(&managed, "platform"), None);
            assert_eq!(managed.changes(&"acme".parse().unwrap()), 2);
        }
    }

    #[test]
    fn what_another_tenant_says_counts_for_nothing() {
        let managed = managed("mallory", false, &[created(), suspended()]);
        assert_eq!(of(&managed, "acme"), None);
    }

    #[test]
    fn nothing_is_known_before_it_was_read() {
        assert!(!managed("platform", false, &[]).is_read());
    }
}
