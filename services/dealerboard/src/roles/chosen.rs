//! Which roles a process has.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// In the order of the data path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Accepts commands and answers queries over HTTP.
    Gateway,
    Processor,
    Projector,
    Reactor,
    /// Matches conversations that wait with agents.
    Router,
}

impl Role {
    const ALL: [(&'static str, Self); 5] = [
        ("gateway", Self::Gateway),
        ("processor", Self::Processor),
        ("projector", Self::Projector),
        ("reactor", Self::Reactor),
        ("router", Self::Router),
    ];
}

/// Which roles to run, as `--roles` lists them.
#[derive(Clone, Debug)]
pub(crate) struct Roles(pub(super) BTreeSet<Role>);

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = Role::ALL.iter().filter(|(_, role)| self.0.contains(role));
        let names: Vec<_> = chosen.map(|(name, _)| *name).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = BTreeSet::new();
        for name in text.split(',').map(str::trim) {
            match Role::ALL.iter().find(|(known, _)| *known == name) {
                Some((_, role)) => drop(roles.insert(*role)),
                None if name == "all" => roles.extend(Role::ALL.map(|(_, role)| role)),
                None => {
                    let known: Vec<_> = Role::ALL.iter().map(|(known, _)| *known).collect();
                    return Err(format!(
                        "no role `{name}`; there are all, {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(Self(roles))
    }
}
