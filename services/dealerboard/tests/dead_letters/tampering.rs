//! The check finds what was changed behind the platform's back, and names the rule it breaks.

use std::fs;

use crate::desk::Desk;
use crate::record::{booking, fill};

/// A change of a sound file, the rule it breaks, and words of the finding.
const CHANGES: [(&str, &str, &str); 12] = [
    (
        "DELETE FROM outcome WHERE command = (SELECT min(command) FROM outcome WHERE context = 'trades')",
        "I1 trades/",
        "has neither outcome nor dead letter",
    ),
    (
        "DELETE FROM outcome WHERE command = (SELECT min(command) FROM outcome WHERE context = 'trades')",
        "I6 trades/",
        "outcomes",
    ),
    (
        "UPDATE event SET sequence = 9 WHERE sequence = 2 AND context = 'trades'",
        "I2 trades/",
        "goes from version 1 to 9",
    ),
    (
        "DELETE FROM event WHERE position = 1 AND context = 'trades'",
        "I3 trades/",
        "event 2 follows event 0",
    ),
    (
        "UPDATE view_value SET value = CAST(replace(CAST(value AS TEXT), 'IBM', 'IBN') AS BLOB) WHERE view = 'trade'",
        "I5 trades/",
        "is not the fold of its events",
    ),
    (
        "DELETE FROM view_value WHERE view = 'position'",
        "I5 positions/",
        "the value ends at 0",
    ),
    ("UPDATE cursor SET repeats = repeats + 1", "I6 ", "repeats"),
    (
        "UPDATE cursor SET next_position = next_position - 1 WHERE context = 'trades' AND next_position > 1",
        "I8 trades/",
        "an event stands at position",
    ),
    (
        "UPDATE cursor SET next_offset = next_offset + 1",
        "I8 ",
        "the command log ends at",
    ),
    (
        "UPDATE event SET record = replace(record, '\"fee\":\"0.35\"', '\"fee\":\"0.36\"') WHERE context = 'trades'",
        "I9 positions",
        "trades filled",
    ),
    (
        "UPDATE event SET record = replace(record, '\"tenant\":\"demo\"', '\"tenant\":\"evil\"') WHERE context = 'trades'",
        "I12 trades/",
        "event of evil/",
    ),
    (
        "UPDATE event SET record = replace(record, '00000065', '00000066') WHERE context = 'trades'",
        "I1 trades/",
        "belongs to command",
    ),
];

#[tokio::test]
async fn every_change_of_a_sound_file_is_found() {
    // Command ids 0x64, 0x65 … so that one can be taken for another.
    let records = (0..6_u128).flat_map(|trade| {
        let name = format!("T-{trade}");
        [
            booking(100 + 2 * trade, &name),
            fill(101 + 2 * trade, &name),
        ]
    });
    let desk = Desk::with(records.collect()).await;
    let sound = fs::read(desk.file()).unwrap();
    let told = desk.run(&["verify"]);
    assert!(told.contains("18 commands"), "{told}");
    for (change, rule, words) in CHANGES {
        fs::write(desk.file(), &sound).unwrap();
        desk.tamper(change);
        let told = desk.fails(1, &["verify"]);
        let named = told
            .lines()
            .any(|line| line.contains(&format!("violated  {rule}")) && line.contains(words));
        assert!(named, "{change}\n{told}");
    }
    fs::write(desk.file(), &sound).unwrap();
    desk.run(&["verify"]);
}

#[tokio::test]
async fn check_says_so_when_it_cannot_be_made() {
    let desk = Desk::new();
    let told = desk.fails(2, &["verify"]);
    assert!(told.contains("there is no file"), "{told}");
    let _held = desk.open();
    let told = desk.fails(2, &["verify"]);
    assert!(told.contains("in use by another process"), "{told}");
}

#[tokio::test]
async fn replay_folds_a_damaged_view_anew() {
    let desk = Desk::with(vec![booking(1, "T-1"), fill(2, "T-1")]).await;
    desk.tamper("DELETE FROM view_value");
    desk.fails(1, &["verify"]);
    desk.run(&["replay", "trade"]);
    desk.run(&["replay", "position", "--model", "sqlite"]);
    let told = desk.run(&["verify"]);
    assert!(told.contains("2 view values"), "{told}");
    desk.fails(2, &["replay", "nonsense"]);
}
