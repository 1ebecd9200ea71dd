//! One tenant manages the others.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{CedarPolicies, OneManages};
use kernel::{Access, Facts, Permission, Standing, Subject};

use crate::{BOOK, PERMISSIONS, ann};

const MANAGE: Permission = Permission::new("tenants", "manage");
const READ: Permission = Permission::new("tenants", "read");

/// Every admin may do everything, as far as the policies go.
fn managed_by(manager: Option<&str>) -> OneManages {
    let permissions = PERMISSIONS.into_iter().chain([MANAGE, READ]);
    let text = "permit (principal in Role::\"admin\", action, resource);";
    let policies = CedarPolicies::parse(text, &permissions.collect::<BTreeSet<_>>());
    let manager = manager.map(|manager| manager.parse().unwrap());
    OneManages::new(Arc::new(policies.unwrap()), manager)
}

fn about(tenant: &str) -> Facts {
    Facts {
        tenant: Some(tenant.into()),
        ..Facts::default()
    }
}

fn admin_of(tenant: &str) -> Subject {
    let mut admin = ann(&["admin"]);
    admin.tenant = tenant.parse().unwrap();
    admin
}

#[test]
fn no_policy_gives_another_tenant_a_permission_about_tenants() {
    for access in [managed_by(Some("platform")), managed_by(None)] {
        let demo = admin_of("demo");
        for permission in [MANAGE, READ] {
            assert_eq!(access.standing(&demo, permission), Standing::Denied);
            assert!(!access.decide(&demo, permission, &about("acme")).allowed);
        }
        assert_eq!(access.standing(&demo, BOOK), Standing::Allowed);
    }
}

#[test]
fn policies_say_who_of_the_managing_tenant_may() {
    let access = managed_by(Some("platform"));
    let (admin, mut clerk) = (admin_of("platform"), admin_of("platform"));
    clerk.roles = ann(&["clerk"]).roles;
    assert_eq!(access.standing(&admin, READ), Standing::Allowed);
    assert_eq!(access.standing(&admin, MANAGE), Standing::Depends);
    assert!(access.decide(&admin, MANAGE, &about("acme")).allowed);
    assert_eq!(access.standing(&clerk, MANAGE), Standing::Denied);
    assert!(!access.decide(&clerk, MANAGE, &about("acme")).allowed);
}

#[test]
fn nobody_changes_the_tenant_that_they_manage_from() {
    let access = managed_by(Some("platform"));
    let admin = admin_of("platform");
    let verdict = access.decide(&admin, MANAGE, &about("platform"));
    assert!(!verdict.allowed);
    assert_eq!(verdict.by, ["managing-tenant-is-always-served"]);
    assert!(access.decide(&admin, READ, &about("platform")).allowed);
}
