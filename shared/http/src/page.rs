//! Pages: a bounded `limit`, an opaque signed `cursor`, a `Link` to the next one.

use actix_web::http::header::{HeaderName, HeaderValue, LINK};
use actix_web::web::Query;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Tenant;
use kernel::code::platform;
use serde::Deserialize;

use crate::problem::Problem;
use crate::signature::Keyring;

/// Entries of a page when the request names no limit.
pub const LIMIT_DEFAULT: usize = 50;

/// Most entries of a page.
pub const LIMIT_MAX: usize = 200;

/// Longest cursor, bytes: the longest key (tenant and aggregate id) in base64, and its seal.
const CURSOR_MAX: usize = 1_024;

/// What a cursor is good for: one tenant's walk through one list under one filter.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub tenant: &'a Tenant,
    /// Path of the list, and whatever of the query changes which entries it has.
    pub list: &'a str,
    pub filter: &'a str,
}

/// The page a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Key of the last entry seen; the page starts behind it.
    pub after: Option<String>,
}

/// As texts, so that a wrong one is named in words of ours.
#[derive(Deserialize)]
struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor` of a query and leaves the rest to others.
    ///
    /// # Errors
    /// Either is given twice or out of bounds, or the cursor was not handed out for this scope.
    pub fn of(query: &str, scope: Scope<'_>, keys: &Keyring) -> Result<Self, Problem> {
        let Query(asked) = Query::<Asked>::from_query(query)
            .map_err(|error| bad("query cannot be read").because(error))?;
        let after = asked.cursor.map(|cursor| open(&cursor, scope, keys));
        Ok(Self {
            limit: asked.limit.map_or(Ok(LIMIT_DEFAULT), |text| limit(&text))?,
            after: after.transpose()?,
        })
    }
}

/// The cursor of the page behind the entry with key `last`.
#[must_use]
pub fn cursor(last: &str, scope: Scope<'_>, keys: &Keyring) -> String {
    let mut cursor = URL_SAFE_NO_PAD.encode(last);
    cursor.push('.');
    cursor.push_str(&keys.seal("cursor", &scope.parts(last)));
    cursor
}

/// The `Link` to the next page: the request's own path and query with the cursor replaced.
#[must_use]
pub fn next_link(path: &str, query: &str, cursor: &str) -> (HeaderName, HeaderValue) {
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"));
    let mut link = format!("<{path}?");
    for pair in kept {
        link.push_str(pair);
        link.push('&');
    }
    link.push_str(&format!("cursor={cursor}>; rel=\"next\""));
    let value =
        HeaderValue::try_from(link).expect("a parsed URI and a cursor hold no control character");
    (LINK, value)
}

impl Scope<'_> {
    fn parts<'b>(&'b self, last: &'b str) -> [&'b [u8]; 4] {
        [
            self.tenant.as_str().as_bytes(),
            self.list.as_bytes(),
            self.filter.as_bytes(),
            last.as_bytes(),
        ]
    }
}

fn open(cursor: &str, scope: Scope<'_>, keys: &Keyring) -> Result<String, Problem> {
    let foreign = || bad("cursor was not handed out for this list");
    if cursor.len() > CURSOR_MAX {
        return Err(foreign());
    }
    let (last, seal) = cursor.split_once('.').ok_or_else(foreign)?;
    let last = URL_SAFE_NO_PAD.decode(last).map_err(|_| foreign())?;
    let last = String::from_utf8(last).map_err(|_| foreign())?;
    keys.check("cursor", &scope.parts(&last), seal.as_bytes())
        .map_err(|error| foreign().because(error))?;
    Ok(last)
}

fn limit(text: &str) -> Result<usize, Problem> {
    match text.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        _ => Err(bad("limit is not a number from 1 to 200")),
    }
}

fn bad(detail: &'static str) -> Problem {
    Problem::new(platform::PARAMETER_MALFORMED, detail)
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_DEFAULT, Page, Scope, cursor, next_link};
    use crate::signature::{Keyring, Secret};
    use kernel::Tenant;
    use proptest::prelude::*;

    fn keys() -> Keyring {
        Keyring::new("k1", &Secret::new(vec![7; 32]).unwrap()).unwrap()
    }

    fn demo() -> Tenant {
        Tenant::new("demo").unwrap()
    }

    fn positions(tenant: &Tenant) -> Scope<'_> {
        Scope {
            tenant,
            list: "/v1/positions",
            filter: "",
        }
    }

    #[test]
    fn page_has_defaults_and_bounds() {
        let tenant = demo();
        let limit = |query| Page::of(query, positions(&tenant), &keys()).map(|page| page.limit);
        assert_eq!(limit("").unwrap(), LIMIT_DEFAULT);
        assert_eq!(limit("limit=200&book=AGENCY").unwrap(), 200);
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=",
            "limit=x",
            "limit=1&limit=2",
            "limit=99999999999999999999999",
        ] {
            assert!(limit(query).is_err(), "{query}");
        }
    }

    #[test]
    fn cursor_leads_behind_its_entry() {
        let tenant = demo();
        let cursor = cursor("demo/ACC-1/AGENCY/IBM", positions(&tenant), &keys());
        let query = format!("cursor={cursor}&limit=7");
        let page = Page::of(&query, positions(&tenant), &keys()).unwrap();
        assert_eq!(page.after.as_deref(), Some("demo/ACC-1/AGENCY/IBM"));
        assert_eq!(page.limit, 7);
    }

    #[test]
    fn cursor_is_refused_outside_its_scope() {
        let (tenant, other) = (demo(), Tenant::new("other").unwrap());
        let query = format!("cursor={}", cursor("demo/1", positions(&tenant), &keys()));
        let own = positions(&tenant);
        for scope in [
            positions(&other),
            Scope {
                list: "/v1/trades",
                ..own
            },
            Scope {
                filter: "book=AGENCY",
                ..own
            },
        ] {
            assert!(Page::of(&query, scope, &keys()).is_err(), "{scope:?}");
        }
        let strangers = Keyring::new("k1", &Secret::new(vec![8; 32]).unwrap()).unwrap();
        assert!(Page::of(&query, own, &strangers).is_err());
    }

    #[test]
    fn link_keeps_the_query_and_replaces_the_cursor() {
        let (name, value) = next_link("/v1/positions", "book=A&cursor=old&limit=2", "new");
        assert_eq!(name, "link");
        assert_eq!(
            value,
            "</v1/positions?book=A&limit=2&cursor=new>; rel=\"next\""
        );
        let (_, bare) = next_link("/v1/positions", "", "new");
        assert_eq!(bare, "</v1/positions?cursor=new>; rel=\"next\"");
    }

    proptest! {
        #[test]
        fn any_key_survives_its_cursor(last in "\\PC{0,64}") {
            let tenant = demo();
            let query = format!("cursor={}", cursor(&last, positions(&tenant), &keys()));
            let page = Page::of(&query, positions(&tenant), &keys()).unwrap();
            prop_assert_eq!(page.after, Some(last));
        }

        #[test]
        fn any_other_cursor_is_refused(text in "[A-Za-z0-9._-]{0,80}|v1\\.k1\\..{43}|.*") {
            let tenant = demo();
            prop_assert!(super::open(&text, positions(&tenant), &keys()).is_err());
        }

        #[test]
        fn altered_cursor_is_refused(place in 0usize..60, byte in b'!'..b'~') {
            let tenant = demo();
            let mut text = cursor("demo/ACC-1", positions(&tenant), &keys()).into_bytes();
            prop_assume!(place < text.len() && text[place] != byte);
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            prop_assert!(super::open(&text, positions(&tenant), &keys()).is_err());
        }
    }
}
