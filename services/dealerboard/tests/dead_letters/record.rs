//! Records as the gateway and as outside producers write them.

use std::sync::Arc;

use bytes::Bytes;
use http::signature::{Keyring, Secret};
use kernel::port::{NewRecord, SIGNATURE};
use serde_json::{Value, json};
use uuid::Uuid;

/// Signs the records of every installation of these tests.
pub(crate) const SECRET: [u8; 32] = *b"the-secret-of-dead-letters-tests";

pub(crate) fn command_id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A booking of the trade for position `demo/ACC-1/AGENCY/IBM`.
pub(crate) fn booking(number: u128, trade: &str) -> NewRecord {
    let data = json!({
        "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
        "side": "BUY", "quantity": "100", "price": "181.52", "currency": "USD",
        "traded_at": "2013-10-07T13:30:00Z"
    });
    signed(trade, &envelope(number, "BookTrade", &data))
}

/// A fill of a third of what [`booking`] ordered.
pub(crate) fn fill(number: u128, trade: &str) -> NewRecord {
    signed(trade, &envelope(number, "RecordFill", &execution(trade)))
}

/// The data of [`fill`].
pub(crate) fn execution(trade: &str) -> Value {
    json!({
        "exec_id": format!("E-{trade}"), "quantity": "30", "price": "181.50", "fee": "0.35",
        "traded_at": "2013-10-07T13:30:01Z"
    })
}

/// An envelope of the platform's own.
pub(crate) fn envelope(number: u128, kind: &str, data: &Value) -> Vec<u8> {
    let envelope = json!({
        "id": command_id(number), "type": kind, "tenant": "demo", "actor": "trader",
        "at": "2013-10-07T13:30:00Z", "data": data
    });
    serde_json::to_vec(&envelope).unwrap()
}

/// Any bytes under the platform's signature, for a trade of tenant `demo`.
pub(crate) fn signed(trade: &str, value: &[u8]) -> NewRecord {
    let key = format!("demo/{trade}");
    let ring = Keyring::new("local", &Secret::new(SECRET.to_vec()).unwrap()).unwrap();
    let signature = ring.sign("trades-commands", key.as_bytes(), value);
    let mut record = unsigned(&key, value);
    record
        .headers
        .push((SIGNATURE.to_owned(), Bytes::from(signature)));
    record
}

/// A record without a signature.
pub(crate) fn unsigned(key: &str, value: &[u8]) -> NewRecord {
    NewRecord {
        context: "trades",
        key: Arc::from(key),
        value: Bytes::copy_from_slice(value),
        headers: Vec::new(),
    }
}

/// The same command, padded to so many bytes with what JSON does not mind.
pub(crate) fn padded(number: u128, trade: &str, bytes: usize) -> NewRecord {
    let mut value = booking(number, trade).value.to_vec();
    value.resize(bytes, b' ');
    signed(trade, &value)
}
