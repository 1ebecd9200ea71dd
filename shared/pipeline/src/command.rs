//! A command's two halves, its name and its data, as an envelope carries them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Halves<K, D> {
    #[serde(rename = "type")]
    kind: K,
    data: D,
}

/// Takes a command apart.
///
/// # Errors
/// It is not a name with data.
pub fn split<I: Serialize>(command: &I) -> Result<(String, Box<RawValue>), serde_json::Error> {
    split_bytes(&serde_json::to_vec(command)?)
}

/// Takes a command's JSON apart.
pub(crate) fn split_bytes(json: &[u8]) -> Result<(String, Box<RawValue>), serde_json::Error> {
    let Halves { kind, data } = serde_json::from_slice(json)?;
    Ok((kind, data))
}
