//! `GET` of a list: a page of a view's values, narrowed if asked. The items are the bytes the view
//! holds.

use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse, Route};
use http::auth::Principal;
use http::headers;
use http::page::{self, Page, Scope};
use http::problem::Problem;
use kernel::Parameters;
use kernel::port::Listed;
use pipeline::{BodyFilter, ViewSlice};

use super::views::{parameters, refused, unanswerable};
use super::{Gateway, Shared};

/// Values that one narrowed page looks at, at most: a page may be short though more follow.
const LOOKED_AT_MAX: usize = 2_000;
/// Values that a narrowed page takes from a store at once.
const CHUNK: usize = 500;

pub(super) fn route(view: ViewSlice) -> Route {
    web::get().to(
        move |request: HttpRequest, principal: Principal, gateway: Shared| async move {
            list(&request, &principal, &gateway, view).await
        },
    )
}

async fn list(
    request: &HttpRequest,
    principal: &Principal,
    gateway: &Gateway,
    view: ViewSlice,
) -> Result<HttpResponse, Problem> {
    let prefix = format!("{}/", principal.tenant);
    let parameters = parameters(request);
    let filter = (view.filter)(&parameters).map_err(|bad| unanswerable(&bad))?;
    let narrowed = filter.as_ref().map(|_| narrowed_by(&parameters));
    let scope = Scope {
        tenant: &principal.tenant,
        list: view.route.list,
        filter: narrowed.as_deref().unwrap_or_default(),
    };
    let page = Page::of(request.query_string(), scope, &gateway.keys)?;
    let walk = Walk {
        gateway,
        view: &view,
        prefix: &prefix,
        filter,
    };
    let gathered = walk.gather(page).await?;
    let next = gathered
        .last
        .map(|key| page::cursor(&key, scope, &gateway.keys));
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(
            request.path(),
            request.query_string(),
            cursor,
        ));
    }
    let mut response = response
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(items(&gathered.values, next.as_deref()));
    headers::mark_degraded(response.headers_mut(), &gathered.missing);
    Ok(response)
}

/// What tells one narrowed list from another: a cursor is good for one of them.
fn narrowed_by(parameters: &Parameters) -> String {
    let mut text = String::new();
    for (name, value) in &parameters.0 {
        if name != "limit" && name != "cursor" {
            text.push_str(&format!("{}={name}={}={value}&", name.len(), value.len()));
        }
    }
    text
}

/// A way through a view's values in key order.
struct Walk<'g> {
    gateway: &'g Gateway,
    view: &'g ViewSlice,
    prefix: &'g str,
    filter: Option<BodyFilter>,
}

struct Gathered {
    values: Listed,
    /// The last key looked at, when there may be more behind it.
    last: Option<Arc<str>>,
    /// Stores that should have answered, at any step of the walk.
    missing: Vec<&'static str>,
}

impl Walk<'_> {
    async fn gather(&self, page: Page) -> Result<Gathered, Problem> {
        // One more than asked for tells whether there is another page.
        let chunk = match self.filter {
            None => page.limit + 1,
            Some(_) => CHUNK,
        };
        let mut values = Listed::new();
        let mut after: Option<Arc<str>> = page.after.map(Arc::from);
        let (mut looked_at, mut missing) = (0, Vec::new());
        loop {
            let (found, now_missing) = self
                .gateway
                .query
                .list(self.view, self.prefix, after.as_deref(), chunk)
                .await
                .map_err(refused)?;
            for source in now_missing {
                if !missing.contains(&source) {
                    missing.push(source);
                }
            }
            let was_full = found.len() == chunk;
            looked_at += found.len();
            let mut found = found.into_iter();
            for (key, value) in found.by_ref() {
                after = Some(Arc::clone(&key));
                if self.wants(&value.body)? {
                    values.push((key, value));
                }
                if values.len() == page.limit {
                    break;
                }
            }
            let more = was_full || found.len() > 0;
            if !more || values.len() == page.limit || looked_at >= LOOKED_AT_MAX {
                let last = after.filter(|_| more);
                return Ok(Gathered {
                    values,
                    last,
                    missing,
                });
            }
        }
    }

    fn wants(&self, body: &[u8]) -> Result<bool, Problem> {
        self.filter
            .as_ref()
            .map_or(Ok(true), |filter| filter(body))
            .map_err(Problem::defect)
    }
}

/// `{"items":[…],"next":…}` around bodies that stay as they are.
fn items(values: &Listed, next: Option<&str>) -> Bytes {
    let bodies: usize = values.iter().map(|(_, value)| value.body.len() + 1).sum();
    let mut out = Vec::with_capacity(bodies + 256);
    out.extend_from_slice(b"{\"items\":[");
    for (index, (_, value)) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&value.body);
    }
    let mut end = String::from("],\"next\":");
    match next {
        // A cursor is base64url and needs no escaping.
        Some(cursor) => drop(write!(end, "\"{cursor}\"}}")),
        None => end.push_str("null}"),
    }
    out.extend_from_slice(end.as_bytes());
    out.into()
}
