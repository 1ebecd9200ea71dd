//! The page of the context: its table of tenants is what registrations do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn state_of(registration: &Registration) -> &'static str {
    match registration {
        Registration::Absent => "absent",
        Registration::Active { .. } => "active",
        Registration::Suspended { .. } => "suspended",
    }
}

fn columns() -> Vec<Column<Registration>> {
    let (created, suspended) = (created("Acme"), suspended("unpaid"));
    vec![
        ("absent", vec![Registration::default()]),
        ("active", vec![folded(std::slice::from_ref(&created))]),
        ("suspended", vec![folded(&[created, suspended])]),
    ]
}

fn row<const N: usize>(
    name: &'static str,
    commands: [Accepted<RegistrationCommand>; N],
) -> Row<Registration> {
    let example = |command: Accepted<RegistrationCommand>| -> Example<Registration> {
        Box::new(move |_| command.clone())
    };
    (name, commands.map(example).into())
}

fn rows() -> Vec<Row<Registration>> {
    let foreign = |command| about("acme/foods", command);
    vec![
        row(
            "CreateTenant",
            [
                accepted(create("Acme")),
                accepted(create("Acme Foods")),
                foreign(create("Acme")),
            ],
        ),
        row(
            "SuspendTenant",
            [accepted(suspend("unpaid")), foreign(suspend("unpaid"))],
        ),
        row("ResumeTenant", [accepted(resume()), foreign(resume())]),
    ]
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-tenants`.
#[test]
fn page_of_tenants_is_what_registrations_do() {
    let page = Page::of("tenants");
    page.shows("tenants", &machine(&columns(), &rows(), state_of));
    page.shows("commands of tenants", &commands::<Registration>());
    page.shows("refusals of tenants", &refusals(RegistrationRejection::ALL));
}
