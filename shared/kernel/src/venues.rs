//! Whose reports of executions are facts: markets, by whichever way they come in.

use std::collections::HashSet;

use crate::id::{Actor, Tenant};

/// The actors that are venues, each in its tenant.
#[derive(Clone, Debug, Default)]
pub struct Venues(HashSet<(Tenant, Actor)>);

impl FromIterator<(Tenant, Actor)> for Venues {
    fn from_iter<I: IntoIterator<Item = (Tenant, Actor)>>(venues: I) -> Self {
        Self(venues.into_iter().collect())
    }
}

impl Venues {
    /// The actor as the platform knows it: a venue gets a name that no caller can present.
    #[must_use]
    pub fn known(&self, tenant: &Tenant, actor: &Actor) -> Actor {
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
        let (tenant, actor) = ("demo".parse().unwrap(), "drop-copy".parse().unwrap());
        let venues: Venues = [(tenant, actor)].into_iter().collect();
        let known = |tenant: &str, actor: &str| {
            let known = venues.known(&tenant.parse().unwrap(), &actor.parse().unwrap());
            known.is_venue()
        };
        assert!(known("demo", "drop-copy"));
        assert!(!known("acme", "drop-copy") && !known("demo", "ann"));
    }
}
