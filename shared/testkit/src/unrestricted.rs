//! Policies under which everybody may do everything.

use kernel::{Access, Facts, Permission, Standing, Subject, Verdict};

/// For tests of what comes behind the policies.
pub struct Unrestricted;

impl Access for Unrestricted {
    fn standing(&self, _: &Subject, _: Permission) -> Standing {
        Standing::Allowed
    }

    fn decide(&self, _: &Subject, _: Permission, _: &Facts) -> Verdict {
        Verdict {
            allowed: true,
            by: Vec::new(),
        }
    }

    fn version(&self) -> &str {
        "unrestricted"
    }
}
