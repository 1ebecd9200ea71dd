//! Whether a caller may: the permission of the route before anything is looked at, and the facts of the
//! thing where a policy asks about them.

mod command;
mod matrix;
mod refusal;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::auth::Principal;
use http::problem::Problem;
use kernel::{Access, Facts, Permission, Standing};

pub(crate) use command::Commanded;
pub use matrix::matrix_page;
use refusal::Refusals;
pub use refusal::describe_metrics;
pub(crate) use view::Visible;

/// Asks the policies, and remembers for each token what they say whatever the thing is.
pub struct Gate {
    policies: Arc<dyn Access>,
    permissions: BTreeSet<Permission>,
    refusals: Refusals,
}

/// A caller's way past the permission of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// To everything of the tenant.
    Open,
    /// To the things whose facts the policies admit.
    Narrow,
}

impl Gate {
    /// `permissions` are those that routes need.
    #[must_use]
    pub fn new(policies: Arc<dyn Access>, permissions: BTreeSet<Permission>) -> Self {
        Self {
            policies,
            permissions,
            refusals: Refusals::default(),
        }
    }

    /// What the policies say of the caller and each permission.
    pub(crate) fn standings<'g>(
        &'g self,
        principal: &'g Principal,
    ) -> impl Iterator<Item = (Permission, Standing)> + 'g {
        let permissions = self.permissions.iter();
        permissions.map(move |permission| (*permission, self.standing(principal, *permission)))
    }

    /// # Errors
    /// The caller may not, whatever the thing is.
    pub(crate) fn pass(
        &self,
        principal: &Principal,
        permission: Permission,
    ) -> Result<Passage, Problem> {
        match self.standing(principal, permission) {
            Standing::Allowed => Ok(Passage::Open),
            Standing::Depends => Ok(Passage::Narrow),
            Standing::Denied => Err(self.refuse(principal, permission, &[])),
        }
    }

    fn standing(&self, principal: &Principal, permission: Permission) -> Standing {
        let ask = || self.policies.standing(principal, permission);
        principal.standings().of(permission, ask)
    }

    /// # Errors
    /// The caller may not, with a thing of these facts.
    pub(crate) fn admit(
        &self,
        principal: &Principal,
        permission: Permission,
        facts: &Facts,
    ) -> Result<(), Problem> {
        let judged = self.judge(principal, permission, facts);
        judged.map_err(|by| self.refuse(principal, permission, &by))
    }

    /// The same without a note of it.
    ///
    /// # Errors
    /// The policies that forbid it.
    pub(crate) fn judge(
        &self,
        principal: &Principal,
        permission: Permission,
        facts: &Facts,
    ) -> Result<(), Vec<String>> {
        let verdict = self.policies.decide(principal, permission, facts);
        if verdict.allowed {
            Ok(())
        } else {
            Err(verdict.by)
        }
    }

    /// The answer to a caller who may not, and a note for operators.
    fn refuse(&self, principal: &Principal, permission: Permission, by: &[String]) -> Problem {
        let version = self.policies.version();
        self.refusals.note(principal, permission, by, version);
        refusal::problem(permission, by)
    }
}
