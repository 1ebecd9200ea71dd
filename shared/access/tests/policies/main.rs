//! Policies as their writers and the gateway see them.

#![cfg(test)]

mod faults;
mod managing;
mod shipped;
mod standing;

use std::collections::BTreeSet;

use access::CedarPolicies;
use kernel::{Facts, Permission, Role, Subject};

const PERMISSIONS: [Permission; 4] = [
    Permission::new("trades", "book"),
    Permission::new("trades", "read"),
    Permission::new("agents", "self"),
    Permission::new("figures", "read"),
];
const BOOK: Permission = PERMISSIONS[0];
const READ: Permission = PERMISSIONS[1];

fn parse(text: &str) -> Result<CedarPolicies, access::BadPolicies> {
    CedarPolicies::parse(text, &BTreeSet::from(PERMISSIONS))
}

fn ann(roles: &[&str]) -> Subject {
    let roles = roles.iter().map(|role| Role::new(role).unwrap());
    Subject::person(
        "demo".parse().unwrap(),
        "ann".parse().unwrap(),
        roles.collect(),
    )
}

fn of_book(book: &str) -> Facts {
    Facts {
        book: Some(book.into()),
        ..Facts::default()
    }
}
