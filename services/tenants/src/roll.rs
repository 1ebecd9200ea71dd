//! The roll: what every process knows of tenants where their requests and records enter.

use std::collections::HashMap;

use kernel::context::Folded;
use kernel::record::{self, Undecodable};
use kernel::{EventMeta, LiveProjection, Tenant};
use serde::{Deserialize, Serialize};

use crate::registration::RegistrationEvent as Event;

/// What is known of one tenant that was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub is_suspended: bool,
    /// Events so far.
    pub changes: u64,
}

/// Tenants by the tenant that manages them, and by name.
#[derive(Default)]
pub struct Roll {
    managed: HashMap<Tenant, HashMap<Tenant, Entry>>,
}

impl Roll {
    /// What that manager knows of a tenant; `None` if it was not created.
    #[must_use]
    pub fn entry(&self, manager: &Tenant, tenant: &Tenant) -> Option<Entry> {
        self.managed.get(manager)?.get(tenant).copied()
    }
}

/// In one order, whatever the order of the events of different tenants was.
#[derive(Serialize, Deserialize)]
pub struct KeptRoll(Vec<(Tenant, Tenant, Entry)>);

impl LiveProjection for Roll {
    const NAME: &'static str = "roll";
    const ON: &'static [&'static str] = &["tenants"];
    const SHAPE: u16 = 1;
    type Event = Event;
    type Kept = KeptRoll;

    fn decode(
        _context: &str,
        log_position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<Event>), Undecodable> {
        record::decode_if(log_position, value, |_| true)
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<Event>) {
        let Folded::Event(event) = event else {
            return;
        };
        let (tenant, is_suspended) = match event {
            Event::TenantCreated(created) => (created.tenant_id, false),
            Event::TenantSuspended(suspended) => (suspended.tenant_id, true),
            Event::TenantResumed(resumed) => (resumed.tenant_id, false),
        };
        let managed = self.managed.entry(meta.tenant.clone()).or_default();
        let entry = Entry {
            is_suspended,
            changes: meta.sequence,
        };
        managed.insert(tenant, entry);
    }

    fn keep(&self) -> KeptRoll {
        let managed = self.managed.iter().flat_map(|(manager, managed)| {
            let of = |(tenant, entry): (&Tenant, &Entry)| (manager.clone(), tenant.clone(), *entry);
            managed.iter().map(of)
        });
        let mut managed: Vec<_> = managed.collect();
        managed.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        KeptRoll(managed)
    }

    fn restored(kept: KeptRoll) -> Self {
        let mut roll = Self::default();
        for (manager, tenant, entry) in kept.0 {
            let managed = roll.managed.entry(manager).or_default();
            managed.insert(tenant, entry);
        }
        roll
    }
}
