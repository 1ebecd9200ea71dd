//! Entity tags: a resource's tag is its version, `"7"`.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use kernel::code::platform;

use super::{bad, single, value};
use crate::problem::Problem;

static IF_MATCH: HeaderName = header::IF_MATCH;
static IF_NONE_MATCH: HeaderName = header::IF_NONE_MATCH;

/// Most tags in one condition: a cache holds a few versions, not more.
const TAGS_MAX: usize = 16;

/// The tags of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: any version that exists.
    Any,
    Listed(Vec<EntityTag>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag {
    weak: bool,
    /// `None`: not a tag of ours, so it matches nothing.
    version: Option<u64>,
}

impl EntityTags {
    /// The comparison of `If-Match`: a weak tag matches nothing (RFC 9110 §8.8.3.2).
    #[must_use]
    pub fn matches_strongly(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags
                .iter()
                .any(|tag| !tag.weak && tag.version == Some(version)),
        }
    }

    /// The comparison of `If-None-Match`.
    #[must_use]
    pub fn matches_weakly(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(|tag| tag.version == Some(version)),
        }
    }
}

/// What `If-None-Match` names; when it matches, a `GET` is answered 304.
///
/// # Errors
/// The header cannot be read, or lists more than 16 tags.
pub fn if_none_match(headers: &HeaderMap) -> Result<Option<EntityTags>, Problem> {
    tags(headers, &IF_NONE_MATCH)
}

/// What `If-Match` names; when it does not match, the answer is 412.
///
/// # Errors
/// The header cannot be read, or lists more than 16 tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<EntityTags>, Problem> {
    tags(headers, &IF_MATCH)
}

/// The one version `If-Match` demands of a command's aggregate; `None` without the header or with
/// `*`, which leaves the version to the command.
///
/// # Errors
/// The header cannot be read, or names several versions; a tag that can match no version is already
/// a failed precondition.
pub fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    match if_match(headers)? {
        None | Some(EntityTags::Any) => Ok(None),
        Some(EntityTags::Listed(tags)) => match tags[..] {
            [
                EntityTag {
                    weak: false,
                    version: Some(version),
                },
            ] => Ok(Some(version)),
            [_] => Err(Problem::new(
                platform::PRECONDITION_FAILED,
                "header if-match names no version",
            )),
            _ => Err(bad(&IF_MATCH, "names several versions")),
        },
    }
}

/// The `ETag` of a version.
#[must_use]
pub(super) fn etag(version: u64) -> (HeaderName, HeaderValue) {
    (header::ETAG, value(format_args!("\"{version}\"")))
}

fn tags(headers: &HeaderMap, name: &'static HeaderName) -> Result<Option<EntityTags>, Problem> {
    let Some(text) = single(headers, name)? else {
        return Ok(None);
    };
    if text == "*" {
        return Ok(Some(EntityTags::Any));
    }
    let mut listed = Vec::new();
    let mut rest = text;
    loop {
        let (tag, after) =
            split_tag(rest).ok_or_else(|| bad(name, "is not a list of entity tags"))?;
        if listed.len() == TAGS_MAX {
            return Err(bad(name, "lists more than 16 entity tags"));
        }
        listed.push(tag);
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if after.trim().is_empty() => return Ok(Some(EntityTags::Listed(listed))),
            None => return Err(bad(name, "is not a list of entity tags")),
        }
    }
}

/// Takes one tag off the front. An opaque tag may hold commas, so a list is not split at them.
fn split_tag(text: &str) -> Option<(EntityTag, &str)> {
    let (weak, text) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (opaque, rest) = text.strip_prefix('"')?.split_once('"')?;
    let version = opaque
        .parse()
        .ok()
        .filter(|version: &u64| version.to_string() == opaque);
    Some((EntityTag { weak, version }, rest))
}

#[cfg(test)]
mod tests {
    use super::{EntityTags, etag, expected_version, if_match, if_none_match};
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
        headers
    }

    fn parsed(value: &str) -> Option<EntityTags> {
        if_match(&headers("if-match", value)).ok()?
    }

    #[test]
    fn version_matches_its_own_tag() {
        let (_, tag) = etag(7);
        let tags = parsed(tag.to_str().unwrap()).unwrap();
        assert!(tags.matches_strongly(7) && tags.matches_weakly(7));
        assert!(!tags.matches_strongly(8));
    }

    #[test]
    fn weak_tag_matches_only_weakly() {
        let tags = parsed("W/\"7\"").unwrap();
        assert!(tags.matches_weakly(7) && !tags.matches_strongly(7));
    }

    #[test]
    fn foreign_tag_matches_nothing() {
        let tags = parsed("\"a,b\", \"07\" ,\"7\"").unwrap();
        assert!(tags.matches_strongly(7));
        assert!(!parsed("\"a,7\"").unwrap().matches_weakly(7));
        assert!(!parsed("\"07\"").unwrap().matches_weakly(7));
    }

    #[test]
    fn star_matches_whatever_exists() {
        assert!(parsed("*").unwrap().matches_strongly(1));
        let any = if_none_match(&headers("if-none-match", "*")).unwrap();
        assert_eq!(any, Some(EntityTags::Any));
    }

    #[test]
    fn text_that_is_no_list_is_refused() {
        let many = vec!["\"1\""; 17].join(",");
        for value in ["", "7", "\"7", "\"7\",", "\"7\" \"8\"", "w/\"7\"", &many] {
            assert_eq!(parsed(value), None, "{value}");
        }
    }

    #[test]
    fn command_expects_exactly_one_version() {
        let expected = |value| expected_version(&headers("if-match", value));
        assert_eq!(expected("\"7\"").unwrap(), Some(7));
        assert_eq!(expected("*").unwrap(), None);
        assert_eq!(expected_version(&HeaderMap::new()).unwrap(), None);
        let code = |value| expected(value).unwrap_err().code().to_owned();
        assert_eq!(code("W/\"7\""), "PRECONDITION_FAILED");
        assert_eq!(code("\"x\""), "PRECONDITION_FAILED");
        assert_eq!(code("\"7\", \"8\""), "PARAMETER_MALFORMED");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(value in "[ -~]{0,64}") {
            parsed(&value);
        }
    }
}
