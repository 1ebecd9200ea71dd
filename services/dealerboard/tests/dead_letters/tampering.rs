//! The check finds what was changed behind the platform's back, and names the rule it breaks; and
//! it reports when it cannot know.

use std::fs;

use crate::desk::Desk;
use crate::forge;
use crate::record::{booking, fill, unsigned};

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
    let desk = traded().await;
    let sound = fs::read(desk.file()).unwrap();
    let text = desk.run(&["verify"]);
    assert!(text.contains("18 commands"), "{text}");
    for (change, rule, words) in CHANGES {
        fs::write(desk.file(), &sound).unwrap();
        desk.tamper(change);
        let text = desk.fails(1, &["verify"]);
        let named = text
            .lines()
            .any(|line| line.contains(&format!("violated  {rule}")) && line.contains(words));
        assert!(named, "{change}\n{text}");
    }
    fs::write(desk.file(), &sound).unwrap();
    desk.run(&["verify"]);
}

/// Six trades, filled.
async fn traded() -> Desk {
    let records = (0..6_u128).flat_map(|trade| {
        let name = format!("T-{trade}");
        [
            booking(100 + 2 * trade, &name),
            fill(101 + 2 * trade, &name),
        ]
    });
    Desk::with(records.collect()).await
}

/// Lines of the output with that beginning.
fn lines<'t>(text: &'t str, beginning: &str) -> Vec<&'t str> {
    text.lines()
        .filter(|line| line.starts_with(beginning))
        .collect()
}

#[tokio::test]
async fn event_rewritten_with_its_checksum_and_its_view_breaks_the_chain() {
    let desk = traded().await;
    forge::rewrite_events(&desk, "181.52", "181.53");
    forge::rewrite_values(&desk, "181.52", "181.53");
    let text = desk.fails(1, &["verify"]);
    let violated = lines(&text, "violated");
    assert!(!violated.is_empty());
    // Nothing else knows of it.
    for line in violated {
        assert!(line.starts_with("violated  I0 chain of trades/"), "{text}");
        assert!(line.contains("rewritten with its checksum"), "{text}");
    }
}

#[tokio::test]
async fn event_that_was_edited_is_named() {
    let desk = traded().await;
    desk.tamper(
        "UPDATE event SET record = replace(record, '181.52', '181.53') WHERE context = 'trades'",
    );
    let text = desk.fails(1, &["verify"]);
    for trade in 0..6 {
        let named = format!(" of demo/T-{trade}: its checksum does not fit");
        let named = lines(&text, "violated  I0 event trades/")
            .iter()
            .any(|line| line.ends_with(&named));
        assert!(named, "T-{trade}: {text}");
    }
}

#[tokio::test]
async fn event_whose_checksum_was_taken_away_is_named() {
    let desk = traded().await;
    desk.tamper("UPDATE event SET checksum = NULL WHERE context = 'trades' AND position = 1");
    let text = desk.fails(1, &["verify"]);
    assert!(
        text.contains("it has no checksum, though the chain begins at 1"),
        "{text}"
    );
}

#[tokio::test]
async fn rows_of_before_there_were_checksums_are_unproven_and_no_violation() {
    let desk = traded().await;
    for table in ["command", "outcome", "event", "cursor", "view_checkpoint"] {
        desk.tamper(&format!("UPDATE {table} SET checksum = NULL"));
    }
    desk.tamper("UPDATE cursor SET chain = 0, chain_from = next_position");
    let text = desk.run(&["verify"]);
    assert!(text.contains("all invariants hold"), "{text}");
    assert!(
        text.contains("were written before there were checksums: unproven"),
        "{text}"
    );
    // And what comes is chained from here on.
    desk.append(vec![booking(200, "T-0x")]).await;
    desk.work().await;
    desk.run(&["verify"]);
    desk.tamper("UPDATE event SET checksum = checksum + 1 WHERE checksum IS NOT NULL");
    desk.fails(1, &["verify"]);
}

/// Unhandled commands leave only the sums uncompared that they take part in.
#[tokio::test]
async fn sums_that_differ_are_found_though_a_conversation_waits() {
    let desk = traded().await;
    lose_some_fees(&desk);
    let mut waiting = unsigned("demo/V-1", b"{}");
    waiting.context = "conversations";
    desk.append(vec![waiting]).await;
    let text = desk.fails(1, &["verify"]);
    assert!(text.contains("1 commands wait to be handled"), "{text}");
    assert!(
        !lines(&text, "violated  I9 positions: demo/ACC-1").is_empty(),
        "{text}"
    );
}

#[tokio::test]
async fn sums_that_may_still_meet_are_not_said_to_hold() {
    let desk = traded().await;
    lose_some_fees(&desk);
    let mut waiting = unsigned("demo/ACC-1/AGENCY/IBM", b"{}");
    waiting.context = "positions";
    desk.append(vec![waiting]).await;
    let text = desk.fails(2, &["verify"]);
    assert!(
        !lines(&text, "unknown   I9 positions: not compared").is_empty(),
        "{text}"
    );
    assert!(
        text.contains("no rule was found broken, 1 not compared"),
        "{text}"
    );
    assert!(!text.contains("all invariants hold"), "{text}");
}

/// Trades have another fee than positions, and everything else fits.
fn lose_some_fees(desk: &Desk) {
    forge::rewrite_events(desk, "\"fee\":\"0.35\"", "\"fee\":\"0.36\"");
    forge::rewrite_values(desk, "\"0.35\"", "\"0.36\"");
    forge::rechain(desk);
}

#[tokio::test]
async fn check_says_so_when_it_cannot_be_made() {
    let desk = Desk::new();
    let text = desk.fails(2, &["verify"]);
    assert!(text.contains("there is no file"), "{text}");
    let _held = desk.open();
    let text = desk.fails(2, &["verify"]);
    assert!(text.contains("in use by another process"), "{text}");
}

#[tokio::test]
async fn replay_rebuilds_a_damaged_view() {
    let desk = Desk::with(vec![booking(1, "T-1"), fill(2, "T-1")]).await;
    desk.tamper("DELETE FROM view_value");
    desk.fails(1, &["verify"]);
    desk.run(&["replay", "trade"]);
    desk.run(&["replay", "position", "--model", "sqlite"]);
    let text = desk.run(&["verify"]);
    assert!(text.contains("2 view values"), "{text}");
    desk.fails(2, &["replay", "nonsense"]);
}

#[tokio::test]
async fn replay_that_comes_to_no_end_says_where_it_stands_and_why() {
    let desk = Desk::with(vec![booking(1, "T-1"), fill(2, "T-1")]).await;
    desk.tamper("UPDATE event SET record = '{}' WHERE context = 'trades' AND position = 2");
    let text = desk.fails(2, &["replay", "trade", "--stall-s", "2"]);
    let named = "stands at 1 of 2, sqlite: read events of trades/";
    assert!(text.contains("nothing has moved for 2s: trades/"), "{text}");
    assert!(text.contains(named), "{text}");
    assert!(text.contains("position 2 of demo/T-1 is damaged"), "{text}");
}
