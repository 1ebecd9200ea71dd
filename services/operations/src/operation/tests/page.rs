//! The page of the context: its table of operations is what operations do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn columns() -> Vec<Column<Operation>> {
    let then = |event: OperationEvent| vec![folded(&[running(), vec![event]].concat())];
    let over = folded(&[waiting(), vec![expired()]].concat());
    vec![
        ("not there", vec![Operation::default()]),
        ("proposed", vec![folded(&waiting())]),
        ("running", vec![folded(&running())]),
        ("completed", then(completed(counts(1, 0)))),
        ("withdrawn", then(withdrawn())),
        ("expired", vec![over]),
        ("stopped", then(stopped())),
    ]
}

fn row<const N: usize>(
    name: &'static str,
    commands: [Accepted<OperationCommand>; N],
) -> Row<Operation> {
    let example = |command: Accepted<OperationCommand>| -> Example<Operation> {
        Box::new(move |_| command.clone())
    };
    (name, commands.map(example).into())
}

fn rows() -> Vec<Row<Operation>> {
    let mut long = proposal(Mending::Discard, of_key());
    long.expires_in_s = Some(1);
    vec![
        row(
            "ProposeOperation",
            [
                by(ANN, propose(Mending::Redrive, alike())),
                by(ANN, propose(Mending::Redrive, of_key())),
                by(ANN, OperationCommand::ProposeOperation(long)),
            ],
        ),
        row(
            "ConfirmOperation",
            [by("cem", confirm()), by(ANN, confirm())],
        ),
        row("WithdrawOperation", [by(ANN, withdraw())]),
        row("ExpireOperation", [own(expire(after(3_600)))]),
        row(
            "RecordStep",
            [
                own(record(0, stepped(counts(1, 0), &[7], false))),
                own(record(0, stepped(counts(1, 0), &[], true))),
            ],
        ),
        row("StopOperation", [own(stop(0))]),
    ]
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-operations`.
#[test]
fn page_of_operations_is_what_operations_do() {
    let page = Page::of("operations");
    page.shows(
        "operations",
        &machine(&columns(), &rows(), Operation::state),
    );
    page.shows("commands of operations", &commands::<Operation>());
    page.shows("refusals of operations", &refusals(OperationRejection::ALL));
}
