//! Systems that write commands to the log by themselves.

use std::path::PathBuf;

use kernel::access::{ROLES_MAX, SubjectKind};
use kernel::{Role, Standings, Subject, Venues, port};
use serde::{Deserialize, Serialize};

/// Who vouches for them: the broker, or a key that the configuration names.
const ISSUER: &str = "kafka";

/// A system that writes commands to the log by itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// The actor's name if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub context: String,
    pub tenant: kernel::Tenant,
    pub actor: kernel::Actor,
    /// The key it signs its records with; without one the broker must vouch for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// What it may do, by the policies.
    #[serde(default = "usual_roles")]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub misplaced: Misplaced,
    #[serde(default)]
    pub outcomes: Outcomes,
}

/// The treatment of its records that are in another partition than their key belongs to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Misplaced {
    #[default]
    Park,
    Forward,
}

/// Which outcomes it gets on the topic of outcomes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcomes {
    #[default]
    Refused,
    All,
}

impl Producer {
    /// One that the broker vouches for.
    pub fn vouched(context: &str, tenant: kernel::Tenant, actor: kernel::Actor) -> Self {
        Self {
            name: None,
            context: context.to_owned(),
            tenant,
            actor,
            secret_file: None,
            roles: usual_roles(),
            misplaced: Misplaced::default(),
            outcomes: Outcomes::default(),
        }
    }

    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.actor.as_str())
    }

    /// As the pipeline knows it.
    pub fn producer(&self, venues: &Venues) -> port::Producer {
        let (tenant, actor) = (self.tenant.clone(), self.actor.clone());
        let mut subject = Subject::person(tenant, actor, self.roles.clone());
        subject.kind = SubjectKind::Service;
        subject.actor = venues.known(&subject);
        subject.issuer = ISSUER.into();
        subject.name = self.name().into();
        port::Producer {
            name: self.name().to_owned(),
            subject,
            standings: Standings::default(),
            misplaced: match self.misplaced {
                Misplaced::Park => port::Misplaced::Park,
                Misplaced::Forward => port::Misplaced::Forward,
            },
            outcomes: match self.outcomes {
                Outcomes::Refused => port::Outcomes::Refused,
                Outcomes::All => port::Outcomes::All,
            },
        }
    }

    /// Everything that is wrong with it.
    pub(super) fn faults(&self) -> Vec<String> {
        let (name, actor) = (self.name(), &self.actor);
        let mut faults = Vec::new();
        if actor.is_platform() || actor.is_venue() {
            faults.push(format!(
                "kafka.producers: {name}: {actor} is a name of the platform's own"
            ));
        }
        if self.roles.len() > ROLES_MAX {
            faults.push(format!(
                "kafka.producers: {name}: more than {ROLES_MAX} roles"
            ));
        }
        faults
    }
}

fn usual_roles() -> Vec<Role> {
    Role::new("service").into_iter().collect()
}

#[cfg(test)]
mod tests {
    use kernel::access::SubjectKind;
    use kernel::{Role, Venues};

    use super::Producer;

    fn producer(more: &str) -> Producer {
        let text = format!("context = \"trades\"\ntenant = \"demo\"\nactor = \"feed\"\n{more}");
        let toml = figment::providers::Toml::string(&text);
        figment::Figment::from(toml).extract().unwrap()
    }

    use figment::providers::Format as _;

    #[test]
    fn producer_is_a_service_with_its_roles() {
        let subject = producer("").producer(&Venues::default()).subject;
        assert_eq!(
            (subject.kind, &*subject.issuer),
            (SubjectKind::Service, "kafka")
        );
        assert_eq!((subject.actor.as_str(), &*subject.name), ("feed", "feed"));
        assert_eq!(subject.roles, [Role::new("service").unwrap()]);
        let given = producer("name = \"oms\"\nroles = [\"trader\"]").producer(&Venues::default());
        assert_eq!(given.subject.roles, [Role::new("trader").unwrap()]);
        assert_eq!((given.name.as_str(), &*given.subject.name), ("oms", "oms"));
    }

    #[test]
    fn names_of_the_platforms_own_and_too_many_roles_are_faults() {
        assert_eq!(producer("").faults(), [""; 0]);
        let mut wrong = producer("");
        wrong.actor = "timer".parse().unwrap();
        wrong.roles = vec![Role::new("r").unwrap(); 33];
        let faults = wrong.faults().join("; ");
        assert!(
            faults.contains("platform's own") && faults.contains("32 roles"),
            "{faults}"
        );
    }
}
