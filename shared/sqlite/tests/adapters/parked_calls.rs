//! Parked calls that were changed behind the platform's back.

use kernel::port::{ParkedCalls as _, Scrub as _};
use rusqlite::Connection;
use testkit::contract::{CONTEXTS, PARKED_AT, PARTITIONS, parked_call};

use crate::files::{Files, inspect, open};

#[tokio::test]
async fn every_change_of_a_parked_call_is_refused_by_name_and_found() {
    let files = Files::new();
    for change in [
        "key = 'demo/b'",
        "id = x'00112233445566778899aabbccddeeff'",
        "operation = 'v2/mails'",
        "body = x''",
        "body = NULL",
        "reason = 'deadline'",
        "detail = ''",
        "tries = tries - 1",
        "parked_at = parked_at + 1",
        "context = 'contrast'",
        "effect = 'trades-to-risk'",
        "n = n + 1",
        "checksum = checksum + 1",
    ] {
        let path = files.path();
        let file = open(&path);
        file.park(PARKED_AT, &[parked_call(7)]).await.unwrap();
        drop(file);
        let update = format!("UPDATE parked_call SET {change}");
        Connection::open(&path)
            .unwrap()
            .execute(&update, [])
            .unwrap();
        let file = inspect(&path);
        let found = file.rows(&CONTEXTS, PARTITIONS).await.unwrap();
        let named = &found.named[..];
        assert!(
            named.len() == 1 && named[0].row.starts_with("parked call "),
            "{change}: {named:?}"
        );
        // Elsewhere it is not looked for.
        if !change.starts_with("context") && !change.starts_with("effect") {
            let fault = file.list(PARKED_AT, None, 9).await.unwrap_err();
            assert_eq!(fault.damage(), Some(&named[0]), "{change}");
        }
    }
}

#[tokio::test]
async fn change_of_state_is_no_damage() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    file.park(PARKED_AT, &[parked_call(7)]).await.unwrap();
    drop(file);
    let update = "UPDATE parked_call SET state = 'waiting', marked_by = 'ann'";
    Connection::open(&path)
        .unwrap()
        .execute(update, [])
        .unwrap();
    let found = inspect(&path).rows(&CONTEXTS, PARTITIONS).await.unwrap();
    assert_eq!((found.named, found.proven), (vec![], 1));
}
