//! The shipped policies: what they say before the thing is known holds for every thing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use access::CedarPolicies;
use kernel::{Access, Facts, Permission, Role, Standing, Subject};
use proptest::prelude::*;

const SHIPPED: &str = include_str!("../../../../config/policies.cedar");

/// Those that the text names.
fn permissions() -> BTreeSet<Permission> {
    let named = SHIPPED.split("Action::\"").skip(1);
    let named = named.filter_map(|rest| rest.split('"').next()?.split_once(':'));
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    named
        .map(|(area, verb)| Permission::new(leak(area), leak(verb)))
        .collect()
}

const ROLES: [&str; 9] = [
    "admin",
    "trader",
    "sales",
    "risk",
    "compliance",
    "operator",
    "supervisor",
    "agent",
    "service",
];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ann", "bob", "FX", "EQ"])
}

fn scope() -> impl Strategy<Value = Option<BTreeSet<Arc<str>>>> {
    let names = prop::collection::btree_set(name().prop_map(Arc::from), 0..3);
    prop::option::of(names)
}

fn subject() -> impl Strategy<Value = Subject> {
    let roles = prop::sample::subsequence(ROLES.to_vec(), 0..4);
    (roles, scope(), scope(), prop::option::of(0..20_i64)).prop_map(
        |(roles, books, accounts, ceiling)| {
            let roles = roles.iter().map(|role| Role::new(role).unwrap());
            let (tenant, actor) = ("demo".parse().unwrap(), "ann".parse().unwrap());
            let mut subject = Subject::person(tenant, actor, roles.collect());
            (subject.books, subject.accounts) = (books, accounts);
            subject.ceiling = ceiling;
            subject
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let text = || prop::option::of(name().prop_map(Box::from));
    let agents = prop::option::of(prop::collection::vec(name().prop_map(Box::from), 0..3));
    let amount = prop::option::of(0..20_i64);
    (text(), text(), agents, amount, text()).prop_map(|(book, account, agents, amount, tenant)| {
        Facts {
            book,
            account,
            agents,
            amount,
            tenant,
        }
    })
}

#[test]
fn standing_holds_for_every_thing() {
    let permissions: Vec<_> = permissions().into_iter().collect();
    assert!(permissions.len() >= 15, "{permissions:?}");
    let all = permissions.iter().copied().collect();
    let policies = CedarPolicies::parse(SHIPPED, &all).unwrap();
    let seen = Mutex::new(BTreeSet::new());
    let permission = prop::sample::select(permissions);
    let config = ProptestConfig::with_cases(3_000);
    proptest!(config, |(subject in subject(), permission in permission, facts in facts())| {
        let standing = policies.standing(&subject, permission);
        let allowed = policies.decide(&subject, permission, &facts).allowed;
        match standing {
            Standing::Allowed => prop_assert!(allowed, "{subject:?} {permission} {facts:?}"),
            Standing::Denied => prop_assert!(!allowed, "{subject:?} {permission} {facts:?}"),
            Standing::Depends => {}
        }
        seen.lock().unwrap().insert(format!("{standing:?} {allowed}"));
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn agent_acts_as_nobody_else() {
    let policies = CedarPolicies::parse(SHIPPED, &permissions()).unwrap();
    let agent = Subject::person(
        "demo".parse().unwrap(),
        "ann".parse().unwrap(),
        vec![Role::new("agent").unwrap()],
    );
    let work = Permission::new("conversations", "work");
    let own = Permission::new("agents", "self");
    let allowed = |permission, facts: &Facts| policies.decide(&agent, permission, facts).allowed;
    assert!(allowed(own, &Facts::of_agent("ann")));
    assert!(!allowed(own, &Facts::of_agent("bob")));
    assert!(!allowed(own, &Facts::default()));
    assert!(allowed(work, &Facts::of_agent("ann")));
    assert!(!allowed(work, &Facts::of_agent("bob")));
    let nobodys = Facts {
        agents: Some(Vec::new()),
        ..Facts::default()
    };
    assert!(!allowed(work, &nobodys));
    // One that does not exist yet has nobody it could be taken from.
    assert!(allowed(work, &Facts::default()));
    assert!(!allowed(
        Permission::new("agents", "manage"),
        &Facts::of_agent("ann")
    ));
}
