//! `Idempotency-Key`: the caller's name for a command.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use kernel::CommandKey;
use kernel::label::BadLabel;

use super::{bad, single};
use crate::problem::Problem;

/// Marks an answer that was given although the key's other uses could not be looked up.
pub const KEY_SCOPE: &str = "key-scope";

static NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// The key that the request names its command by, `None` when it names none. It may be in quotes,
/// as the IETF draft writes it; they are not part of it. A hyphenated UUID is the same in either case.
///
/// # Errors
/// The key is empty, longer than 255 bytes, not printable ASCII, or given twice.
pub fn command_key(headers: &HeaderMap) -> Result<Option<CommandKey>, Problem> {
    let Some(text) = single(headers, &NAME)? else {
        return Ok(None);
    };
    let key = CommandKey::parse(unquoted(text));
    let key = key.map_err(|error| match error {
        BadLabel::Empty(_) => bad(&NAME, "is empty"),
        BadLabel::TooLong(..) => bad(&NAME, "is longer than 255 bytes"),
        _ => bad(&NAME, "has a character outside printable ASCII"),
    });
    key.map(Some)
}

/// Marks an answer as given before.
pub fn mark_replayed(headers: &mut HeaderMap) {
    let name = HeaderName::from_static("idempotency-replayed");
    headers.insert(name, HeaderValue::from_static("true"));
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::command_key;
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    fn key(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("idempotency-key"),
            HeaderValue::from_str(text).unwrap(),
        );
        command_key(&headers).ok()?.map(|key| key.to_string())
    }

    #[test]
    fn key_is_taken_without_its_quotes() {
        assert_eq!(key("order-1").as_deref(), Some("order-1"));
        assert_eq!(key("\"order 1\"").as_deref(), Some("order 1"));
    }

    #[test]
    fn uuid_is_one_key_in_either_case() {
        let text = "0193e7a4-5b0c-7e8a-8a3f-1f2e3d4c5b6a";
        assert_eq!(key(&text.to_uppercase()).as_deref(), Some(text));
    }

    #[test]
    fn key_is_bounded() {
        assert!(key(&"k".repeat(255)).is_some());
        for text in ["", "\"\"", "a\tb", "é", &"k".repeat(256)] {
            assert_eq!(key(text), None, "{text}");
        }
    }

    #[test]
    fn two_keys_are_refused() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("idempotency-key");
        headers.append(name.clone(), HeaderValue::from_static("a"));
        headers.append(name, HeaderValue::from_static("b"));
        assert!(command_key(&headers).is_err());
        headers.clear();
        assert!(matches!(command_key(&headers), Ok(None)));
    }
}
