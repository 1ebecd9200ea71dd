//! Whose reports of executions are facts: markets, by whichever door they come in.

use std::collections::HashSet;

use kernel::{Actor, Tenant};

use crate::config::Venue;

/// The actors that are venues, each in its tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Venues(HashSet<(Tenant, Actor)>);

impl Venues {
    pub(crate) fn new(configured: &[Venue]) -> Self {
        let known = configured.iter();
        Self(
            known
                .map(|venue| (venue.tenant.clone(), venue.actor.clone()))
                .collect(),
        )
    }

    /// The actor as the platform knows it: under a reserved name when it is a
    /// venue.
    pub(crate) fn known(&self, tenant: &Tenant, actor: &Actor) -> Actor {
        if self.0.is_empty() || !self.0.contains(&(tenant.clone(), actor.clone())) {
            return actor.clone();
        }
        // Checked when the configuration was read.
        Actor::venue(actor.as_str()).unwrap_or_else(|_| actor.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actor_is_a_venue_in_its_tenant_only() {
        let venue = Venue {
            tenant: "demo".parse().unwrap(),
            actor: "drop-copy".parse().unwrap(),
        };
        let venues = Venues::new(&[venue]);
        let known = |tenant: &str, actor: &str| {
            let known = venues.known(&tenant.parse().unwrap(), &actor.parse().unwrap());
            known.is_venue()
        };
        assert!(known("demo", "drop-copy"));
        assert!(!known("acme", "drop-copy") && !known("demo", "ann"));
    }
}
