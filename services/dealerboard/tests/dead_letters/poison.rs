//! What cannot be read is parked as it came, and affects no other command.

use serde_json::json;

use crate::desk::Desk;
use crate::record::{booking, envelope, execution, fill, padded, signed, unsigned};

const LARGE: usize = 10 * 1024 * 1024;

#[tokio::test]
async fn poison_is_parked_as_it_came_and_other_keys_go_on() {
    let forged = serde_json::to_vec(&json!({
        "id": "0192f0c4-0000-7000-8000-000000000001", "type": "RecordFill", "tenant": "other",
        "actor": "trader", "at": "2013-10-07T13:30:00Z", "data": execution("P-4")
    }))
    .unwrap();
    let poison = [
        ("P-1", "undecodable", signed("P-1", b"{\"id\": not json")),
        (
            "P-2",
            "unknown_schema",
            signed("P-2", b"\0\0\0\x30\x39\x01\xff\xfe"),
        ),
        (
            "P-3",
            "unknown_type",
            signed("P-3", &envelope(1, "Explode", &json!({}))),
        ),
        ("P-4", "not_authentic", signed("P-4", &forged)),
        (
            "P-5",
            "not_authentic",
            unsigned("demo/P-5", &booking(2, "P-5").value),
        ),
        ("P-6", "too_large", padded(3, "P-6", LARGE)),
    ];
    let mut records = Vec::new();
    for (number, (trade, _, record)) in (100_u128..).step_by(10).zip(&poison) {
        let other = format!("H-{trade}");
        records.push(booking(number, &other));
        records.push(record.clone());
        records.push(fill(number + 1, trade));
        records.push(fill(number + 2, &other));
    }
    let desk = Desk::with(records).await;

    for (trade, reason, record) in &poison {
        let first = |column: &str| {
            format!(
                "SELECT {column} FROM dead_letter WHERE key = CAST('demo/{trade}' AS BLOB) \
                 ORDER BY \"offset\" LIMIT 1"
            )
        };
        assert_eq!(
            desk.ask::<String>(&first("reason")).as_deref(),
            Some(*reason),
            "{trade}"
        );
        assert_eq!(
            desk.ask::<Vec<u8>>(&first("value")),
            Some(record.value.to_vec()),
            "{trade}"
        );
        let letters =
            format!("SELECT count(*) FROM dead_letter WHERE key = CAST('demo/{trade}' AS BLOB)");
        // What is proven to be the key's own holds up the fill behind it; nothing else does.
        let held_up = i64::from(*reason == "too_large");
        assert_eq!(desk.ask::<i64>(&letters), Some(1 + held_up), "{trade}");
        let fills = format!(
            "SELECT count(*) FROM event e JOIN stream s USING (context, partition, stream) \
             WHERE s.key = 'demo/H-{trade}' AND e.record LIKE '%\"type\":\"FillRecorded\"%'"
        );
        assert_eq!(desk.ask::<i64>(&fills), Some(1), "{trade}");
    }
    let verified = desk.run(&["verify"]);
    assert!(verified.contains("all invariants hold"), "{verified}");
}

#[tokio::test]
async fn letter_is_listed_and_shown_with_what_it_holds() {
    let binary = b"\0\0\0\x30\x39\x01\xff\xfe";
    let desk = Desk::with(vec![signed("P-1", b"nonsense"), signed("P-2", binary)]).await;
    let listed = desk.run(&["dead-letters", "list", "--context", "trades"]);
    assert!(
        listed.contains("2 letters of 2 keys are parked"),
        "{listed}"
    );
    let places: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("trades/"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let shown: String = places
        .iter()
        .map(|place| desk.run(&["dead-letters", "show", place]))
        .collect();
    assert!(shown.contains("\nnonsense\n"), "{shown}");
    assert!(shown.contains("\n0x000000303901fffe\n"), "{shown}");
    assert!(shown.contains("header     signature: v1.local."), "{shown}");
    desk.fails(2, &["dead-letters", "show", "trades/0/999"]);
    desk.fails(2, &["dead-letters", "list", "--context", "nonsense"]);
}
