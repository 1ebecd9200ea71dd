//! Whether a caller may: the permission of the route before anything is looked at, and the facts of the
//! thing where a policy asks about them.

mod command;
mod matrix;
mod refusal;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::auth::{PERMISSIONS_MAX, Principal};
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
    permissions: Vec<Permission>,
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

/// The permission that a route needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) permission: Permission,
    /// Among all permissions.
    index: usize,
}

/// There are more permissions than a token remembers.
#[derive(Debug, thiserror::Error)]
#[error("there are {0} permissions, and no token remembers more than {PERMISSIONS_MAX}")]
pub struct TooManyPermissions(usize);

impl Gate {
    /// `permissions` are those that routes need.
    ///
    /// # Errors
    /// [`TooManyPermissions`].
    pub fn new(
        policies: Arc<dyn Access>,
        permissions: BTreeSet<Permission>,
    ) -> Result<Self, TooManyPermissions> {
        if permissions.len() > PERMISSIONS_MAX {
            return Err(TooManyPermissions(permissions.len()));
        }
        Ok(Self {
            policies,
            permissions: permissions.into_iter().collect(),
            refusals: Refusals::default(),
        })
    }

    /// What a route of the table needs.
    pub(crate) fn need(&self, permission: Permission) -> Need {
        let index = self.permissions.binary_search(&permission);
        Need {
            permission,
            // A route of the table is among those that the gate was made of.
            index: index.unwrap_or(PERMISSIONS_MAX),
        }
    }

    /// What the policies say of the caller and each permission.
    pub(crate) fn standings<'g>(
        &'g self,
        principal: &'g Principal,
    ) -> impl Iterator<Item = (Permission, Standing)> + 'g {
        let permissions = self.permissions.iter().enumerate();
        permissions.map(move |(index, permission)| {
            let ask = || self.policies.standing(principal, *permission);
            (*permission, principal.standing(index, ask))
        })
    }

    /// # Errors
    /// The caller may not, whatever the thing is.
    pub(crate) fn pass(&self, principal: &Principal, need: Need) -> Result<Passage, Problem> {
        let ask = || self.policies.standing(principal, need.permission);
        match principal.standing(need.index, ask) {
            Standing::Allowed => Ok(Passage::Open),
            Standing::Depends => Ok(Passage::Narrow),
            Standing::Denied => Err(self.refuse(principal, need.permission, &[])),
        }
    }

    /// # Errors
    /// The caller may not, with a thing of these facts.
    pub(crate) fn admit(
        &self,
        principal: &Principal,
        need: Need,
        facts: &Facts,
    ) -> Result<(), Problem> {
        let judged = self.judge(principal, need, facts);
        judged.map_err(|by| self.refuse(principal, need.permission, &by))
    }

    /// The same without a note of it.
    ///
    /// # Errors
    /// The policies that forbid it.
    pub(crate) fn judge(
        &self,
        principal: &Principal,
        need: Need,
        facts: &Facts,
    ) -> Result<(), Vec<String>> {
        let verdict = self.policies.decide(principal, need.permission, facts);
        if verdict.allowed {
            Ok(())
        } else {
            Err(verdict.by)
        }
    }

    /// The answer to a caller who may not, and a note for operators.
    pub(crate) fn refuse(
        &self,
        principal: &Principal,
        permission: Permission,
        by: &[String],
    ) -> Problem {
        let version = self.policies.version();
        self.refusals.note(principal, permission, by, version);
        refusal::problem(permission, by)
    }
}
