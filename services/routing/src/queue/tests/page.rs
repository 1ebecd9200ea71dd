//! The page of the context: its table of queues is what queues do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};
use serde_json::json;

use super::*;

fn state_of(queue: &Queue) -> &'static str {
    if queue.starved_since().is_some() {
        "starved"
    } else if queue.settings() == QueueSettings::default() {
        "served by the defaults"
    } else {
        "configured"
    }
}

fn columns() -> Vec<Column<Queue>> {
    let own = settings(json!({ "cooldown_s": 7 }));
    vec![
        ("served by the defaults", vec![Queue::default()]),
        ("configured", vec![folded(&[configured(own)])]),
        ("starved", vec![folded(&[starved(after(0), "C-1")])]),
    ]
}

fn row<const N: usize>(name: &'static str, commands: [QueueCommand; N]) -> Row<Queue> {
    let example =
        |command: QueueCommand| -> Example<Queue> { Box::new(move |_| accepted(command.clone())) };
    (name, commands.map(example).into())
}

fn rows() -> Vec<Row<Queue>> {
    let of = |json| configure(settings(json));
    let twice = json!([
        { "after_s": 30, "dropped": ["fx"] },
        { "after_s": 30, "dropped": ["de"] },
    ]);
    vec![
        row(
            "ConfigureQueue",
            [
                of(json!({ "cooldown_s": 7 })),
                of(json!({ "cooldown_s": 100_000 })),
                of(json!({ "relaxations": twice })),
                of(json!({ "overflow": { "after_s": 60, "queue": FX_VIP } })),
                of(json!({ "zone": "Mars/Olympus" })),
            ],
        ),
        row("ReportStarved", [starve("C-2")]),
        row("ReportServed", [serve("amy")]),
    ]
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-routing`.
#[test]
fn page_of_routing_is_what_queues_do() {
    let page = Page::of("routing");
    page.shows("queues", &machine(&columns(), &rows(), state_of));
    page.shows("commands of queues", &commands::<Queue>());
    page.shows("refusals of queues", &refusals(QueueRejection::ALL));
}
