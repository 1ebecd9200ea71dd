//! The table of roles, in the order of the data path, and which of them a process has.

use std::fmt;
use std::str::FromStr;

use super::process::{Process, Tasks};
use super::{gateway, processor, projector, reactor, router};

/// A role: what it needs of the process, and how it starts.
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) start: fn(&Process<'_>, &mut Tasks) -> anyhow::Result<()>,
}

/// What a process holds for its roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The listener, and queries behind it.
    Callers,
    /// The live projection of the floor, and commands with their outcomes.
    Floor,
    /// The live projection of the figures.
    Figures,
    /// The live projection of the members.
    Directory,
    /// The live projection of the members, if records may have tokens.
    Bearers,
    /// The live projection of the tenants, if one manages them.
    Roll,
}

const ROLES: [&Role; 5] = [
    &gateway::ROLE,
    &processor::ROLE,
    &projector::ROLE,
    &reactor::ROLE,
    &router::ROLE,
];

/// Which roles to run, as `--roles` lists them.
#[derive(Clone)]
pub struct Roles(Vec<&'static Role>);

impl Roles {
    pub(super) fn each(&self) -> impl Iterator<Item = &'static Role> {
        self.0.iter().copied()
    }

    pub(super) fn need(&self, need: Need) -> bool {
        self.each().any(|role| role.needs.contains(&need))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.each().map(|role| role.name).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named: Vec<_> = text.split(',').map(str::trim).collect();
        let known = |name: &str| name == "all" || ROLES.iter().any(|role| role.name == name);
        if let Some(unknown) = named.iter().find(|name| !known(name)) {
            let names: Vec<_> = ROLES.iter().map(|role| role.name).collect();
            return Err(format!(
                "no role `{unknown}`; there are all, {}",
                names.join(", ")
            ));
        }
        let is_named = |role: &&&Role| named.contains(&"all") || named.contains(&role.name);
        Ok(Self(ROLES.iter().filter(is_named).copied().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::Roles;

    fn roles(text: &str) -> Result<String, String> {
        text.parse::<Roles>().map(|roles| roles.to_string())
    }

    #[test]
    fn roles_are_those_named_in_the_order_of_the_data_path() {
        let all = "gateway,processor,projector,reactor,router";
        assert_eq!(roles("all").unwrap(), all);
        assert_eq!(roles("router, gateway,router").unwrap(), "gateway,router");
        assert_eq!(
            roles("gateway,mailer").unwrap_err(),
            "no role `mailer`; there are all, gateway, processor, projector, reactor, router"
        );
    }
}
