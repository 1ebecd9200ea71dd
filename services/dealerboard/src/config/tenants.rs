//! Which tenants are served.

use kernel::Tenant;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tenants {
    /// The tenant whose people manage the others; empty: nobody does.
    pub managed_by: String,
    /// Whether tenants that were not created are refused.
    pub registered_only: bool,
}

impl Tenants {
    /// The tenant that manages the others, if one does.
    #[must_use]
    pub fn manager(&self) -> Option<Tenant> {
        Tenant::new(&self.managed_by).ok()
    }

    /// Everything that is wrong with it, at once.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.managed_by.is_empty() {
            if self.registered_only {
                let fault = "tenants.registered_only needs tenants.managed_by: nobody could \
                    create a tenant";
                faults.push(fault.to_owned());
            }
        } else if let Err(error) = Tenant::new(&self.managed_by) {
            faults.push(format!("tenants.managed_by: {error}"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::Tenants;

    fn faults(managed_by: &str, registered_only: bool) -> usize {
        let tenants = Tenants {
            managed_by: managed_by.to_owned(),
            registered_only,
        };
        tenants.faults().len()
    }

    #[test]
    fn roll_without_a_manager_is_refused() {
        assert_eq!(faults("", false), 0);
        assert_eq!(faults("platform", false), 0);
        assert_eq!(faults("platform", true), 0);
        assert_eq!(faults("", true), 1);
        assert_eq!(faults("a/b", true), 1);
    }
}
