//! What may become of a tenant.

use kernel::label::BadLabel;

use super::*;

#[test]
fn tenant_is_created_suspended_and_resumed() {
    acme(vec![])
        .when(accepted(create("Acme Brokers")))
        .then_expect_events(vec![created("Acme Brokers")]);
    acme(vec![created("Acme Brokers")])
        .when(accepted(suspend("unpaid")))
        .then_expect_events(vec![suspended("unpaid")]);
    acme(vec![created("Acme Brokers"), suspended("unpaid")])
        .when(accepted(resume()))
        .then_expect_events(vec![resumed()]);
}

#[test]
fn what_is_so_already_changes_nothing() {
    let stopped = || vec![created("Acme"), suspended("unpaid")];
    for (given, command) in [
        (vec![created("Acme")], create("Acme")),
        (stopped(), create("Acme")),
        (stopped(), suspend("unpaid still")),
        (vec![created("Acme")], resume()),
    ] {
        acme(given)
            .when(accepted(command))
            .then_expect_events(vec![]);
    }
}

#[test]
fn id_is_taken_by_one_tenant() {
    acme(vec![created("Acme")])
        .when(accepted(create("Acme Foods")))
        .then_expect_error(RegistrationRejection::IdConflict);
}

#[test]
fn tenant_that_was_not_created_is_neither_suspended_nor_resumed() {
    for (command, what) in [(suspend("unpaid"), "suspended"), (resume(), "resumed")] {
        acme(vec![])
            .when(accepted(command))
            .then_expect_error(RegistrationRejection::NotCreated(what));
    }
}

#[test]
fn id_is_one_that_a_token_can_name() {
    let bad = BadLabel::Character("tenant", "^[A-Za-z0-9._-]+$");
    for command in [create("Acme"), suspend("unpaid"), resume()] {
        acme(vec![])
            .when(about("acme/foods", command))
            .then_expect_error(RegistrationRejection::TenantIdInvalid(bad.clone()));
    }
}

#[test]
fn policies_are_told_which_tenant_it_is_about() {
    let facts = Registration::facts(&ACME.parse().unwrap(), Some(&resume()));
    assert_eq!(facts.tenant.as_deref(), Some(ACME));
}
