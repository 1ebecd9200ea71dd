//! Rows of every table, damaged at random: the check ends, without a panic, and names what it met.

use std::fs;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::desk::Desk;
use crate::record::{booking, fill, signed};

/// Damages of one run; others are tried by naming more in the environment.
const DAMAGES: u64 = 150;
const DAMAGES_WANTED: &str = "DEALERBOARD_TEST_DAMAGES";

/// What of each table may be damaged so that it must be found. Left out: what means nothing (owners,
/// when an event was logged, the state that a letter is in) and what is disposable.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "command",
        &[
            "context",
            "partition",
            "offset",
            "key",
            "value",
            "headers",
            "logged_at",
        ],
    ),
    (
        "cursor",
        &[
            "next_offset",
            "next_position",
            "next_stream",
            "repeats",
            "handled",
            "chain_from",
            "chain",
        ],
    ),
    ("stream", &["context", "partition", "stream", "key"]),
    (
        "event",
        &[
            "context",
            "partition",
            "position",
            "stream",
            "sequence",
            "record",
            "checksum",
        ],
    ),
    (
        "outcome",
        &[
            "context",
            "partition",
            "command",
            "body_hash",
            "stream",
            "first_position",
            "version",
            "events",
        ],
    ),
    (
        "dead_letter",
        &[
            "context",
            "partition",
            "offset",
            "key",
            "value",
            "headers",
            "reason",
            "detail",
        ],
    ),
    ("view_value", &["view", "key", "value"]),
    ("view_checkpoint", &["position", "next_offset"]),
];
/// Tables from which a row must not be missing.
const KEPT: &[&str] = &[
    "command",
    "stream",
    "event",
    "outcome",
    "dead_letter",
    "view_value",
    "meta",
];

#[tokio::test]
async fn check_of_a_damaged_file_ends_and_names_the_damage() {
    let mut records: Vec<_> = (0..8_u128)
        .flat_map(|trade| {
            let name = format!("T-{trade}");
            [
                booking(100 + 2 * trade, &name),
                fill(101 + 2 * trade, &name),
            ]
        })
        .collect();
    records.push(signed("P-1", b"{\"id\": not json"));
    let desk = Desk::with(records).await;
    desk.run(&["verify"]);
    let sound = fs::read(desk.file()).unwrap();
    let wanted = std::env::var(DAMAGES_WANTED).ok();
    let wanted = wanted.map_or(DAMAGES, |wanted| wanted.parse().unwrap());
    for draw in 0..wanted {
        fs::write(desk.file(), &sound).unwrap();
        let Some(damage) = damage(&desk, &mut Draw(draw)) else {
            continue;
        };
        let output = desk.command(&["verify"]).output().unwrap();
        let text = crate::desk::text(&output);
        let code = output.status.code();
        assert!(
            matches!(code, Some(1 | 2)),
            "{draw} {damage}: {code:?} {text}"
        );
        assert!(!text.contains("panicked"), "{draw} {damage}: {text}");
        let words = words(&damage);
        let named = text.lines().any(|line| {
            ["violated", "unknown", "dealerboard: "]
                .iter()
                .any(|of| line.starts_with(of) && words.iter().any(|word| line.contains(word)))
        });
        assert!(named, "{draw} {damage}: {text}");
    }
}

/// What a finding calls a row of the table that a change was made to.
fn words(damage: &str) -> &'static [&'static str] {
    let Some(table) = damage.strip_prefix("UPDATE ") else {
        return &[""];
    };
    match table.split(' ').next().unwrap() {
        "command" => &["command"],
        "cursor" => &["cursor"],
        "stream" => &["event"],
        "event" => &["event", " position "],
        "outcome" => &["outcome"],
        "dead_letter" => &["dead letter"],
        "view_value" => &[
            "value of demo/",
            ":v2 in sqlite of demo/",
            ":v3 in sqlite of demo/",
        ],
        "view_checkpoint" => &["checkpoint"],
        table => panic!("{table} is damaged as well"),
    }
}

/// Damages the file, and returns a description; `None` when SQLite refuses it.
fn damage(desk: &Desk, draw: &mut Draw) -> Option<String> {
    let file = Connection::open(desk.file()).unwrap();
    match draw.below(12) {
        0 => {
            let table = *draw.of(KEPT);
            let row = row(&file, table, draw)?;
            let delete = format!("DELETE FROM {table} WHERE {}", row.condition);
            file.execute(&delete, params_from_iter(row.key)).ok()?;
            Some(delete)
        }
        1 => {
            let (table, _) = draw.of(COLUMNS);
            let drop = format!("DROP TABLE {table}");
            file.execute(&drop, []).ok()?;
            Some(drop)
        }
        2 => {
            drop(file);
            let bytes = fs::read(desk.file()).unwrap();
            let length = usize::try_from(draw.below(bytes.len() as u64)).unwrap();
            fs::write(desk.file(), &bytes[..length]).unwrap();
            Some(format!("cut to {length} bytes"))
        }
        _ => change(&file, draw),
    }
}

fn change(file: &Connection, draw: &mut Draw) -> Option<String> {
    let (table, columns) = draw.of(COLUMNS);
    let column = *draw.of(columns);
    let row = row(file, table, draw)?;
    let select = format!("SELECT \"{column}\" FROM {table} WHERE {}", row.condition);
    let key = params_from_iter(row.key.clone());
    let before: Value = file.query_row(&select, key, |row| row.get(0)).unwrap();
    let after = other(&before, draw);
    if after == before {
        return None;
    }
    let set = row.key.len() + 1;
    let update = format!(
        "UPDATE {table} SET \"{column}\" = ?{set} WHERE {}",
        row.condition
    );
    let values = row.key.into_iter().chain([after.clone()]);
    file.execute(&update, params_from_iter(values)).ok()?;
    Some(format!("{update} from {before:?} to {after:?}"))
}

/// Another value that the column's type allows.
fn other(value: &Value, draw: &mut Draw) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(match draw.below(4) {
            0 => number.wrapping_add(1),
            1 => number.wrapping_sub(1),
            2 => draw.next().cast_signed(),
            _ => [i64::MIN, i64::MAX, 0, -1][usize::try_from(draw.below(4)).unwrap()],
        }),
        Value::Text(text) => Value::Text(match draw.below(4) {
            0 => String::new(),
            1 => format!("{text}\0"),
            2 => text.replacen(char::is_alphanumeric, "Ω", 1),
            _ => text.chars().rev().collect(),
        }),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            match draw.below(3) {
                0 => bytes.truncate(bytes.len() / 2),
                1 => bytes.extend([0xff; 3]),
                _ => {
                    let place = draw.below(bytes.len().max(1) as u64);
                    if let Some(byte) = bytes.get_mut(usize::try_from(place).unwrap()) {
                        *byte ^= 0x55;
                    }
                }
            }
            Value::Blob(bytes)
        }
        Value::Null | Value::Real(_) => value.clone(),
    }
}

/// A row, by its primary key.
struct Row {
    condition: String,
    key: Vec<Value>,
}

fn row(file: &Connection, table: &str, draw: &mut Draw) -> Option<Row> {
    let mut columns = file
        .prepare(&format!(
            "SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk"
        ))
        .unwrap();
    let columns = columns
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    let columns: Vec<_> = columns
        .map(|name| format!("\"{}\"", name.unwrap()))
        .collect();
    let rows: u64 = file
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .unwrap();
    if rows == 0 {
        return None;
    }
    let select = format!(
        "SELECT {} FROM {table} LIMIT 1 OFFSET {}",
        columns.join(", "),
        draw.below(rows)
    );
    let key = file.query_row(&select, [], |row| {
        (0..columns.len()).map(|column| row.get(column)).collect()
    });
    let equal = columns
        .iter()
        .zip(1..)
        .map(|(column, n)| format!("{column} = ?{n}"));
    Some(Row {
        condition: equal.collect::<Vec<_>>().join(" AND "),
        key: key.unwrap(),
    })
}

/// SplitMix64: the same damages in every run.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'s, T>(&mut self, some: &'s [T]) -> &'s T {
        &some[usize::try_from(self.below(some.len() as u64)).unwrap()]
    }
}
