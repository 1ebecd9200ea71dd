//! How browsers sign in to this gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::{BrowserSessions, Person, SessionLimits, SessionPorts, SignIn};
use http::auth::{AttemptCookie, LOCAL_ISSUER};
use kernel::{Actor, Role, Subject, Tenant};
use pipeline::SystemClock;

use super::Platform;

/// The people of a desk that is tried on one's own machine: name, role, and what they are there for.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("trader", "trader", "books, fills and corrects trades"),
    ("sales", "sales", "books trades, talks to customers"),
    ("ann", "agent", "takes conversations"),
    ("ben", "agent", "takes conversations, too"),
    ("supervisor", "supervisor", "looks after agents and queues"),
    ("risk", "risk", "reads trades, adjusts positions"),
    ("operator", "operator", "sees that everything moves"),
    (
        "compliance",
        "compliance",
        "reads everything, changes nothing",
    ),
    ("admin", "admin", "may do everything"),
];

/// The tenant that the demo and the tour are in.
const TENANT: &str = "demo";

/// For a gateway that listens at that address.
pub(super) fn sign_in(platform: &Platform, address: SocketAddr) -> anyhow::Result<SignIn> {
    let (ports, config) = (&platform.ports, &platform.config);
    let session = &config.session;
    let is_here = address.ip().is_loopback() && session.public_url.is_empty();
    let people = if config.auth.local && is_here {
        people()?
    } else {
        Vec::new()
    };
    let of_issuers = ports.issuers.sign_in();
    let ports = SessionPorts {
        sessions: Arc::clone(&ports.sessions),
        guard: Arc::clone(&ports.sessions_guard),
        clock: Arc::new(SystemClock),
    };
    let providers = of_issuers.to_vec();
    let origin = match session.public_url.trim_end_matches('/') {
        "" => format!("http://{address}"),
        public => public.to_owned(),
    };
    anyhow::ensure!(
        providers.is_empty() || is_here || !session.public_url.is_empty(),
        "browsers sign in at a provider, which sends them back: set session.public_url, where they find \
         this gateway from elsewhere"
    );
    let limits = SessionLimits {
        idle: Duration::from_secs(session.idle_s),
        absolute: Duration::from_secs(session.absolute_s),
    };
    Ok(SignIn {
        sessions: Arc::new(BrowserSessions::new(ports, limits, !is_here)),
        people,
        providers,
        attempts: AttemptCookie::new(platform.keys.records.clone(), !is_here),
        origin,
        home: session.home.clone(),
    })
}

fn people() -> anyhow::Result<Vec<Person>> {
    let tenant = Tenant::new(TENANT)?;
    let people = PEOPLE.iter().map(|(name, role, about)| {
        let roles = vec![Role::new(role)?];
        let mut subject = Subject::person(tenant.clone(), Actor::of_caller(name)?, roles);
        // As a token of the installation's own key names them: the same identity.
        subject.issuer = LOCAL_ISSUER.into();
        Ok(Person { subject, about })
    });
    people.collect()
}

#[cfg(test)]
mod tests {
    use super::{PEOPLE, people};
    use crate::ports::ROLES;

    #[test]
    fn every_person_has_a_role_that_is_shipped_and_a_name_of_their_own() {
        let people = people().unwrap();
        assert_eq!(people.len(), PEOPLE.len());
        for (name, role, _) in PEOPLE {
            assert!(ROLES.contains(role), "{role}");
            let of_that_name = PEOPLE.iter().filter(|(other, _, _)| other == name);
            assert_eq!(of_that_name.count(), 1, "{name}");
        }
    }
}
