//! A tenant as it is read, and as every process knows it.

use kernel::context::Folded;
use kernel::{LiveProjection, Parameters};

use super::*;
use crate::roll::{Entry, Roll};

fn viewed(events: &[RegistrationEvent]) -> RegistrationView {
    let mut view = RegistrationView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

fn rolled(events: &[RegistrationEvent]) -> Roll {
    let mut roll = Roll::default();
    for (sequence, event) in (1..).zip(events) {
        roll.fold(0, &meta(sequence), Folded::Event(event.clone()));
    }
    roll
}

#[test]
fn view_says_whether_it_is_served_and_why_not() {
    let shown = viewed(&[created("Acme"), suspended("unpaid")]).0.unwrap();
    assert_eq!(shown.tenant_id.as_str(), ACME);
    assert_eq!(shown.state, TenantState::Suspended);
    assert_eq!(shown.reason.unwrap().as_str(), "unpaid");
    assert_eq!((shown.created_at, shown.updated_at), (at(1), at(2)));

    let shown = viewed(&[created("Acme"), suspended("unpaid"), resumed()]);
    let shown = shown.0.unwrap();
    assert_eq!((shown.state, shown.reason), (TenantState::Active, None));
    assert_eq!((shown.version, shown.title.as_str()), (3, "Acme"));
}

#[test]
fn list_is_narrowed_by_state() {
    let asked = Parameters(vec![("state".into(), "SUSPENDED".into())]);
    let is_suspended = RegistrationView::filter(&asked).unwrap().unwrap();
    assert!(is_suspended(&viewed(&[
        created("Acme"),
        suspended("unpaid")
    ])));
    assert!(!is_suspended(&viewed(&[created("Acme")])));
    let asked = Parameters(vec![("state".into(), "GONE".into())]);
    assert!(RegistrationView::filter(&asked).is_err());
}

#[test]
fn roll_knows_what_a_tenant_that_manages_has_said() {
    let (manager, acme) = (MANAGER.parse().unwrap(), ACME.parse().unwrap());
    let roll = rolled(&[created("Acme"), suspended("unpaid")]);
    let entry = Entry {
        is_suspended: true,
        changes: 2,
    };
    assert_eq!(roll.entry(&manager, &acme), Some(entry));
    // What another tenant says of it is nothing to the manager, nor of another tenant.
    assert_eq!(roll.entry(&acme, &acme), None);
    assert_eq!(roll.entry(&manager, &manager), None);
    let roll = rolled(&[created("Acme"), suspended("unpaid"), resumed()]);
    assert!(!roll.entry(&manager, &acme).unwrap().is_suspended);
}
