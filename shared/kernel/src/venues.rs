//! Whose reports of executions are facts: markets, by whichever way they come in.

use std::collections::HashSet;

use crate::access::{Subject, SubjectKind};
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
    /// The actor as the platform knows it: a venue gets a name that no caller can present. A person is
    /// none, whatever their name.
    #[must_use]
    pub fn known(&self, subject: &Subject) -> Actor {
        let actor = &subject.actor;
        if !self.has(subject) {
            return actor.clone();
        }
        // Checked when the configuration was read.
        Actor::venue(actor.as_str()).unwrap_or_else(|_| actor.clone())
    }

    fn has(&self, subject: &Subject) -> bool {
        let name = || (subject.tenant.clone(), subject.actor.clone());
        subject.kind == SubjectKind::Service && !self.0.is_empty() && self.0.contains(&name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_is_a_venue_in_its_tenant_only_and_no_person_is() {
        let (tenant, actor) = ("demo".parse().unwrap(), "drop-copy".parse().unwrap());
        let venues: Venues = [(tenant, actor)].into_iter().collect();
        let is_venue = |kind, tenant: &str, actor: &str| {
            let (tenant, actor) = (tenant.parse().unwrap(), actor.parse().unwrap());
            let mut subject = Subject::person(tenant, actor, vec![]);
            subject.kind = kind;
            venues.known(&subject).is_venue()
        };
        assert!(is_venue(SubjectKind::Service, "demo", "drop-copy"));
        assert!(!is_venue(SubjectKind::Service, "acme", "drop-copy"));
        assert!(!is_venue(SubjectKind::Service, "demo", "ann"));
        assert!(!is_venue(SubjectKind::Person, "demo", "drop-copy"));
    }
}
