//! `Idempotency-Key`: the caller's name for a command, and so the command's id.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use kernel::{CommandId, Tenant};
use uuid::{Uuid, uuid};

use super::{bad, single};
use crate::problem::Problem;

static NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key, bytes, as Stripe's clients assume.
pub const KEY_MAX: usize = 255;

/// Root of all ids made from keys; fixed for ever, since a retry must give the same id.
const KEYS: Uuid = uuid!("6f0c8a2e-3f0b-5d52-9a35-0e9f4b0f8c11");

/// The command id that the request names, `None` when it names none.
///
/// A hyphenated UUID is the id itself, so that HTTP and a Kafka producer can name one command. Any
/// other key becomes `uuid5(tenant, key)`: tenants cannot meet in their keys. The key may stand in
/// quotes, as the IETF draft writes it; they are not part of it.
///
/// # Errors
/// The key is empty, longer than [`KEY_MAX`], not printable ASCII, or given twice.
pub fn command_id(headers: &HeaderMap, tenant: &Tenant) -> Result<Option<CommandId>, Problem> {
    let Some(text) = single(headers, &NAME)? else {
        return Ok(None);
    };
    let key = unquoted(text);
    if key.is_empty() {
        return Err(bad(&NAME, "is empty"));
    }
    if key.len() > KEY_MAX {
        return Err(bad(&NAME, "is longer than 255 bytes"));
    }
    if !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(bad(&NAME, "has a character outside printable ASCII"));
    }
    Ok(Some(id_of(key, tenant)))
}

/// Says of an answer that it was given before.
pub fn mark_replayed(headers: &mut HeaderMap) {
    let name = HeaderName::from_static("idempotency-replayed");
    headers.insert(name, HeaderValue::from_static("true"));
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

fn id_of(key: &str, tenant: &Tenant) -> CommandId {
    let hyphenated = key.len() == uuid::fmt::Hyphenated::LENGTH;
    match Uuid::try_parse(key) {
        Ok(id) if hyphenated => CommandId(id),
        _ => {
            let of_tenant = Uuid::new_v5(&KEYS, tenant.as_str().as_bytes());
            CommandId(Uuid::new_v5(&of_tenant, key.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEY_MAX, command_id};
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use kernel::{CommandId, Tenant};

    fn id(key: &str, tenant: &str) -> Option<CommandId> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("idempotency-key"),
            HeaderValue::from_str(key).unwrap(),
        );
        command_id(&headers, &Tenant::new(tenant).unwrap()).ok()?
    }

    #[test]
    fn uuid_is_taken_as_it_is() {
        let text = "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6a";
        assert_eq!(id(text, "demo").unwrap().to_string(), text);
        assert_eq!(id(&text.to_uppercase(), "demo"), id(text, "other"));
        assert_eq!(id(&format!("\"{text}\""), "demo"), id(text, "demo"));
    }

    #[test]
    fn other_text_becomes_an_id_of_its_tenant() {
        let order = id("order-1", "demo").unwrap();
        // Computed with Python's `uuid`. It may never change, or a retry would act twice.
        assert_eq!(order.to_string(), "1a1109e9-5273-5fa0-bbdf-9f5cc5e2bd22");
        assert_ne!(Some(order), id("order-1", "other"));
        assert_ne!(Some(order), id("order-2", "demo"));
        // Without hyphens it is a text like any other.
        let simple = "0193e7a45b0c7e8a8a3f1f2e3d4c5b6a";
        assert_ne!(id(simple, "demo"), id(simple, "other"));
    }

    #[test]
    fn key_is_bounded() {
        assert!(id(&"k".repeat(KEY_MAX), "demo").is_some());
        for key in ["", "\"\"", "a\tb", "é", &"k".repeat(KEY_MAX + 1)] {
            assert_eq!(id(key, "demo"), None, "{key}");
        }
    }

    #[test]
    fn two_keys_are_refused() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("idempotency-key");
        headers.append(name.clone(), HeaderValue::from_static("a"));
        headers.append(name, HeaderValue::from_static("b"));
        assert!(command_id(&headers, &Tenant::new("demo").unwrap()).is_err());
        headers.clear();
        assert!(matches!(
            command_id(&headers, &Tenant::new("demo").unwrap()),
            Ok(None)
        ));
    }
}
