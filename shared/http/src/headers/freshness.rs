//! How old an answer may be, and how old it is.

use std::time::Duration;

use actix_web::http::header::{AGE, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use kernel::{LogPosition, Timestamp};

use super::{entity_tag, members, value};

static X_AS_OF: HeaderName = HeaderName::from_static("x-as-of");
static X_DEGRADED: HeaderName = HeaderName::from_static("x-degraded");
static X_LOG_POSITION: HeaderName = HeaderName::from_static("x-log-position");

/// The state that an answer reports.
#[derive(Clone, Debug)]
pub struct Freshness {
    /// Version of the aggregate shown: the `ETag`. A page of many has none.
    pub version: Option<u64>,
    /// Last log position folded in: `X-Log-Position`. A page over several partitions has none.
    pub log_position: Option<LogPosition>,
    /// Accepted-at of the last command folded in: `X-As-Of`.
    pub as_of: Timestamp,
    /// Time since the value was last known to be current: no answer looks younger than it is.
    pub age: Duration,
}

impl Freshness {
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Some(version) = self.version {
            let (name, tag) = entity_tag::etag(version);
            headers.insert(name, tag);
        }
        if let Some(log_position) = &self.log_position {
            headers.insert(
                X_LOG_POSITION.clone(),
                value(format_args!("{log_position}")),
            );
        }
        headers.insert(X_AS_OF.clone(), value(format_args!("{}", self.as_of)));
        mark_age(headers, self.age);
    }
}

/// Reports how old an answer may be: `Age`, in whole seconds, rounded up.
pub fn mark_age(headers: &mut HeaderMap, age: Duration) {
    let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
    headers.insert(AGE, HeaderValue::from(seconds));
}

/// Names what an answer was given without, such as `redis-open` or `key-scope`: `X-Degraded`. There is
/// no such header when nothing was missing.
pub fn mark_degraded(headers: &mut HeaderMap, missing: &[&'static str]) {
    if !missing.is_empty()
        && let Ok(reasons) = missing.join(", ").try_into()
    {
        headers.insert(X_DEGRADED.clone(), reasons);
    }
}

/// Names one more thing that an answer was given without.
pub(crate) fn add_degraded(headers: &mut HeaderMap, missing: &'static str) {
    let known = headers
        .get(&X_DEGRADED)
        .and_then(|known| known.to_str().ok());
    let reasons = known.map_or_else(|| missing.to_owned(), |known| format!("{known}, {missing}"));
    if let Ok(reasons) = reasons.try_into() {
        headers.insert(X_DEGRADED.clone(), reasons);
    }
}

/// The oldest answer the request takes, by `Cache-Control: max-age=N` (N in seconds) or `no-cache`,
/// which is 0; `None` when it names none. Of several the strictest counts; what cannot be read
/// demands nothing (RFC 9111 §4.2.1 lets a reader of a request ignore it).
#[must_use]
pub fn max_age(headers: &HeaderMap) -> Option<Duration> {
    members(headers, &CACHE_CONTROL)
        .filter_map(|directive| {
            if directive.eq_ignore_ascii_case("no-cache") {
                return Some(Duration::ZERO);
            }
            let (name, value) = directive.split_once('=')?;
            let seconds: u32 = value.trim_matches('"').parse().ok()?;
            name.eq_ignore_ascii_case("max-age")
                .then(|| Duration::from_secs(u64::from(seconds)))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::{Freshness, add_degraded, mark_degraded, max_age};
    use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
    use kernel::topic::PartitionId;
    use kernel::{LogPosition, Timestamp};
    use std::time::Duration;

    #[test]
    fn answer_says_what_it_is() {
        let mut headers = HeaderMap::new();
        let partition_id = PartitionId {
            context: "trades",
            partition: 3,
        };
        Freshness {
            version: Some(7),
            log_position: Some(LogPosition::new(partition_id, 1042)),
            as_of: Timestamp::from_millis(1_381_132_800_688),
            age: Duration::from_millis(1_001),
        }
        .write(&mut headers);
        mark_degraded(&mut headers, &["redis-open", "postgres-slow"]);
        let mut written: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        written.sort();
        assert_eq!(
            written,
            [
                "age: 2",
                "etag: \"7\"",
                "x-as-of: 2013-10-07T08:00:00.688Z",
                "x-degraded: redis-open, postgres-slow",
                "x-log-position: trades-3:1042",
            ]
        );
    }

    #[test]
    fn strictest_max_age_counts() {
        let age = |value| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(age("max-age=5"), Some(5));
        assert_eq!(age("no-transform, Max-Age=\"5\", max-age=3"), Some(3));
        assert_eq!(age("max-age=5, no-cache"), Some(0));
        assert_eq!(age("max-age=-1"), None);
        assert_eq!(age("max-age"), None);
        assert_eq!(age("s-maxage=5"), None);
    }

    #[test]
    fn one_more_thing_that_was_missing_is_named_beside_the_others() {
        let mut headers = HeaderMap::new();
        add_degraded(&mut headers, "sessions-unconfirmed");
        assert_eq!(headers.get("x-degraded").unwrap(), "sessions-unconfirmed");
        mark_degraded(&mut headers, &["redis-open"]);
        add_degraded(&mut headers, "sessions-unconfirmed");
        let both = "redis-open, sessions-unconfirmed";
        assert_eq!(headers.get("x-degraded").unwrap(), both);
    }
}
