//! The policies that are in force: the shipped ones, or those of a file.

use std::path::Path;
use std::sync::Arc;

use access::CedarPolicies;
use anyhow::Context as _;
use kernel::Access;
use tracing::info;

use crate::slices;

/// Who may do what, as it is shipped.
pub const SHIPPED: &str = include_str!("../../../../config/policies.cedar");

/// The roles that the shipped policies know, as their page lists them.
pub const ROLES: [&str; 9] = [
    "trader",
    "sales",
    "agent",
    "supervisor",
    "risk",
    "compliance",
    "operator",
    "admin",
    "service",
];

/// # Errors
/// The file cannot be read, or something in it is not valid: every fault with its line.
pub fn policies(file: &Path) -> anyhow::Result<Arc<dyn Access>> {
    let is_shipped = file.as_os_str().is_empty();
    let text = if is_shipped {
        SHIPPED.to_owned()
    } else {
        let read = std::fs::read_to_string(file);
        read.with_context(|| format!("auth.policies: read {}", file.display()))?
    };
    let policies = CedarPolicies::parse(&text, &slices::table().permissions());
    let policies = policies.with_context(|| format!("auth.policies: {}", file.display()))?;
    if !is_shipped {
        info!(file = %file.display(), version = policies.version(), "policies are read");
    }
    Ok(Arc::new(policies))
}

#[cfg(test)]
mod tests {
    use super::{SHIPPED, policies};

    #[test]
    fn shipped_policies_are_valid() {
        policies("".as_ref()).unwrap();
    }

    #[test]
    fn every_fault_of_a_file_is_named_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policies.cedar");
        let faulty = "\n\npermit (principal, action == Action::\"trades:bok\", resource);\n\
            permit (principal, action, resource) when { resource.desk == \"FX\" };\n";
        std::fs::write(&file, faulty).unwrap();
        let Err(error) = policies(&file) else {
            panic!("it is not valid");
        };
        let text = format!("{error:#}");
        for fault in ["line 3: ", "trades:bok", "line 4: ", "desk"] {
            assert!(text.contains(fault), "{text}");
        }
        std::fs::write(&file, SHIPPED.replacen("permit (", "permt (", 1)).unwrap();
        let text = format!("{:#}", policies(&file).err().unwrap());
        assert!(text.contains("line 10: "), "{text}");
    }
}
