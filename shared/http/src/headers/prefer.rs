//! `Prefer: wait=N` (RFC 7240): how long a caller is willing to wait for an outcome.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::members;

static PREFER: HeaderName = HeaderName::from_static("prefer");

/// Longest wait granted: below the idle timeout of common proxies, 60 s.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// The wait to grant, zero when none is asked for. A preference is never an error: one that cannot
/// be read is ignored, a longer wait is cut to [`WAIT_MAX`].
#[must_use]
pub fn wait(headers: &HeaderMap) -> Duration {
    // The first `wait` counts (RFC 7240 §2).
    members(headers, &PREFER)
        .flat_map(|member| member.split(';').take(1))
        .find_map(|preference| {
            let (name, value) = preference.split_once('=')?;
            name.trim().eq_ignore_ascii_case("wait").then_some(value)
        })
        .map_or(Duration::ZERO, seconds)
}

/// `Preference-Applied`, for the answer to a request whose wait was granted.
#[must_use]
pub fn wait_applied(granted: Duration) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::try_from(format!("wait={}", granted.as_secs()))
        .expect("a number is a header value");
    (HeaderName::from_static("preference-applied"), value)
}

fn seconds(text: &str) -> Duration {
    let text = text.trim().trim_matches('"');
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    // All digits, so what does not parse is only too large.
    let asked = text.parse().map_or(WAIT_MAX, Duration::from_secs);
    asked.min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::{WAIT_MAX, wait};
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use std::time::Duration;

    fn waits(lines: &[&'static str]) -> Duration {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static("prefer"),
                HeaderValue::from_static(line),
            );
        }
        wait(&headers)
    }

    #[test]
    fn wait_is_read_among_other_preferences() {
        for lines in [
            &["wait=7"][..],
            &["respond-async, wait=7"],
            &["respond-async", "WAIT = 7; x=y"],
            &["wait=\"7\""],
            &["wait=7, wait=9"],
        ] {
            assert_eq!(waits(lines), Duration::from_secs(7), "{lines:?}");
        }
    }

    #[test]
    fn wait_is_cut_to_its_bound() {
        assert_eq!(waits(&["wait=30"]), WAIT_MAX);
        assert_eq!(waits(&["wait=31"]), WAIT_MAX);
        assert_eq!(waits(&["wait=99999999999999999999999"]), WAIT_MAX);
    }

    #[test]
    fn unreadable_preference_is_no_wait() {
        for line in ["wait", "wait=", "wait=-1", "wait=+1", "wait=1.5", "waits=7"] {
            assert_eq!(waits(&[line]), Duration::ZERO, "{line}");
        }
        assert_eq!(waits(&[]), Duration::ZERO);
    }
}
