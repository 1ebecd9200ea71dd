//! Who may do what: the terms in which a policy is asked.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Actor, Tenant};
use crate::label::{Label, LabelKind};
use crate::route::Permission;

/// Most roles of one token; a desk has a handful.
pub const ROLES_MAX: usize = 32;

/// Most books, and most accounts, that a token may list.
pub const SCOPE_MAX: usize = 256;

/// The area of the permissions about tenants, which one tenant alone can have.
pub const TENANTS: &str = "tenants";

/// Kind of [`Role`].
pub enum RoleKind {}
impl LabelKind for RoleKind {
    const NAME: &'static str = "role";
    const MAX: usize = 64;
    const PATTERN: &'static str = "^[A-Za-z0-9._:-]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
    }
}
/// A set of permissions under a name such as `trader`; what it allows is said by the policies.
pub type Role = Label<RoleKind>;

/// Whether a person acts, or a program by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Somebody who signed in.
    #[default]
    Person,
    /// A system with credentials of its own.
    Service,
}

impl SubjectKind {
    /// As policies and callers read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

/// Who asks. Its identity is issuer, name there and kind; `actor` is what the desk calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose data it may see at all.
    pub tenant: Tenant,
    /// Its name in the tenant.
    pub actor: Actor,
    /// Person or service.
    pub kind: SubjectKind,
    /// Who vouches for it: the issuer of its token.
    pub issuer: Arc<str>,
    /// What the issuer calls it: the token's `sub`.
    pub name: Arc<str>,
    /// When its token was issued, seconds since the epoch, where that is known.
    pub issued_s: Option<i64>,
    /// When its token ends, likewise: what goes on until then, such as a stream, ends with it.
    pub expires_s: Option<i64>,
    /// At most [`ROLES_MAX`].
    pub roles: Vec<Role>,
    /// The agent it works as; the actor if nothing else is said.
    pub agent: Arc<str>,
    /// The books it is limited to, at most [`SCOPE_MAX`]; `None`: no limit by book.
    pub books: Option<BTreeSet<Arc<str>>>,
    /// The accounts it is limited to, likewise.
    pub accounts: Option<BTreeSet<Arc<str>>>,
    /// The largest amount it may trade at once, whole units of the trade's currency.
    pub ceiling: Option<i64>,
}

impl Subject {
    /// A person of the tenant with these roles and no limits.
    #[must_use]
    pub fn person(tenant: Tenant, actor: Actor, roles: Vec<Role>) -> Self {
        let name: Arc<str> = actor.as_str().into();
        Self {
            tenant,
            actor,
            kind: SubjectKind::Person,
            issuer: "".into(),
            name: Arc::clone(&name),
            issued_s: None,
            expires_s: None,
            roles,
            agent: name,
            books: None,
            accounts: None,
            ceiling: None,
        }
    }
}

/// What a policy may ask of the thing that is read or changed. What is absent is not known, or the
/// thing has no such property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Of a trade or a position.
    pub book: Option<Box<str>>,
    /// Likewise.
    pub account: Option<Box<str>>,
    /// The agents whose it is; empty when it is nobody's.
    pub agents: Option<Vec<Box<str>>>,
    /// Quantity times price times multiplier, whole units of its currency, rounded up.
    pub amount: Option<i64>,
    /// The tenant that a registration is about, which is not the one that it belongs to.
    pub tenant: Option<Box<str>>,
}

impl Facts {
    /// Of a thing that belongs to one agent.
    #[must_use]
    pub fn of_agent(agent: &str) -> Self {
        Self {
            agents: Some(vec![agent.into()]),
            ..Self::default()
        }
    }

    /// These facts, completed by others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            book: self.book.or(others.book),
            account: self.account.or(others.account),
            agents: self.agents.or(others.agents),
            amount: self.amount.or(others.amount),
            tenant: self.tenant.or(others.tenant),
        }
    }
}

/// What is known of a subject and a permission before the thing in question is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Whatever the thing is.
    Allowed,
    /// Whatever the thing is.
    Denied,
    /// The facts of the thing decide.
    Depends,
}

/// What the policies said of one subject so far, which its copies share. They are asked once per permission,
/// because they stay as they are while a process runs.
#[derive(Clone, Debug, Default)]
pub struct Standings(Arc<RwLock<Vec<(Permission, Standing)>>>);

impl Standings {
    /// The standing of the permission; `ask` asks the policies.
    pub fn of(&self, permission: Permission, ask: impl FnOnce() -> Standing) -> Standing {
        // A panic under the lock cannot leave half an entry.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(known, _)| *known == permission);
        if let Some((_, standing)) = found {
            return *standing;
        }
        drop(known);
        let standing = ask();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Two threads that ask at once get the same answer.
        if known.iter().all(|(known, _)| *known != permission) {
            known.push((permission, standing));
        }
        standing
    }
}

/// What was asked so far makes no subject another.
impl PartialEq for Standings {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Standings {}

/// What was decided, and which policies led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub allowed: bool,
    /// Names of the policies that decided; empty when none allowed it.
    pub by: Vec<String>,
}

/// The policies of an installation. Another tenant's things are never asked about: that is decided
/// before, by the key that everything is stored under.
pub trait Access: Send + Sync {
    /// What is known before the thing in question is.
    fn standing(&self, subject: &Subject, permission: Permission) -> Standing;

    /// Whether the subject may do it to a thing of these facts.
    fn decide(&self, subject: &Subject, permission: Permission, facts: &Facts) -> Verdict;

    /// Names the policies that are in force, such as a digest of their text.
    fn version(&self) -> &str;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_asked_once_per_permission() {
        let standings = Standings::default();
        let [book, read] = ["book", "read"].map(|verb| Permission::new("trades", verb));
        assert_eq!(standings.of(book, || Standing::Depends), Standing::Depends);
        assert_eq!(standings.of(read, || Standing::Denied), Standing::Denied);
        for (permission, standing) in [(book, Standing::Depends), (read, Standing::Denied)] {
            let copy = standings.clone();
            assert_eq!(copy.of(permission, || panic!("asked again")), standing);
        }
    }
}
