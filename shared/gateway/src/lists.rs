//! `GET` of a list: a page of a view's values, narrowed if asked. The items are the bytes the view
//! holds.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use http::auth::Principal;
use http::headers;
use http::page::{self, Page, Scope};
use http::problem::Problem;
use kernel::Parameters;
use kernel::port::Listed;
use pipeline::{BodyFilter, Query, Unanswered, ViewSlice, is_whole};

use crate::access::Visible;
use crate::gateway::Gateway;
use crate::limits::Class;
use crate::views::{bad_parameter, parameters, refused};

/// Values that one narrowed page looks at, at most: a page may be short though more follow.
const LOOKED_AT_MAX: usize = 2_000;
/// Values that a narrowed page takes from a store at once.
const CHUNK: usize = 500;

pub(crate) async fn list(
    request: &HttpRequest,
    principal: &Principal,
    gateway: &Arc<Gateway>,
    view: ViewSlice,
) -> Result<HttpResponse, Problem> {
    let passage = gateway
        .enter(principal, Class::Read, view.route.allow)
        .await?;
    let prefix = format!("{}/", principal.tenant);
    let parameters = parameters(request);
    let filter = (view.filter)(&parameters).map_err(|bad| bad_parameter(&bad))?;
    let narrowed = filter.as_ref().map(|_| narrowed_by(&parameters));
    let scope = Scope {
        tenant: &principal.tenant,
        list: view.route.list,
        filter: narrowed.as_deref().unwrap_or_default(),
    };
    let page = Page::of(request.query_string(), scope, &gateway.keys)?;
    let walk = Walk {
        query: gateway.query.clone(),
        view,
        prefix,
        filter,
        visible: gateway.visible(principal, passage, view),
    };
    let gathered = if walk.is_narrowed() {
        // However few values fit, as many may have to be looked at: away from the threads that serve.
        let gather = |_| async move { walk.gather(page).await };
        let tenant = principal.tenant.as_str();
        gateway.query.run_expensive(tenant, gather).await
    } else {
        walk.gather(page).await
    };
    let gathered = gathered.map_err(refused)?;
    let last = gathered.last.as_deref();
    let next = last.map(|key| page::cursor(key, scope, &gateway.keys));
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
        .body(items(&gathered, next.as_deref()));
    headers::mark_degraded(response.headers_mut(), &gathered.missing);
    if let Some(age) = gathered.age {
        headers::mark_age(response.headers_mut(), age);
    }
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
struct Walk {
    query: Query,
    view: ViewSlice,
    prefix: String,
    filter: Option<BodyFilter>,
    /// What the caller may see of it, where that is not all.
    visible: Option<Visible>,
}

struct Gathered {
    values: Listed,
    /// The last key looked at, when there may be more behind it.
    last: Option<Arc<str>>,
    /// Stores that should have answered, at any step of the walk.
    missing: Vec<&'static str>,
    /// Longest time since everything was known to be there; none if it never was.
    age: Option<Duration>,
}

impl Walk {
    async fn gather(&self, page: Page) -> Result<Gathered, Unanswered> {
        // One more than asked for tells whether there is another page.
        let chunk = if self.is_narrowed() {
            CHUNK
        } else {
            page.limit + 1
        };
        let mut gathered = Gathered {
            values: Listed::new(),
            last: page.after.map(Arc::from),
            missing: Vec::new(),
            age: Some(Duration::ZERO),
        };
        let mut looked_at = 0;
        loop {
            let after = gathered.last.as_deref();
            let found = self.query.list(&self.view, &self.prefix, after, chunk);
            let values = gathered.joined_by(found.await?);
            let was_full = values.len() == chunk;
            looked_at += values.len();
            let mut values = values.into_iter();
            for (key, value) in values.by_ref() {
                gathered.last = Some(Arc::clone(&key));
                if self.wants(&key, &value.body)? {
                    gathered.values.push((key, value));
                }
                if gathered.values.len() == page.limit {
                    break;
                }
            }
            let more = was_full || values.len() > 0;
            let is_full = gathered.values.len() == page.limit;
            if !more || is_full || looked_at >= LOOKED_AT_MAX {
                gathered.last = gathered.last.filter(|_| more);
                return Ok(gathered);
            }
        }
    }

    fn is_narrowed(&self) -> bool {
        self.filter.is_some() || self.visible.is_some()
    }

    fn wants(&self, key: &str, body: &[u8]) -> Result<bool, Unanswered> {
        let wants = self.filter.as_ref().map_or(Ok(true), |filter| filter(body));
        let wants = match (&self.visible, wants) {
            (Some(visible), Ok(true)) => visible(key, body),
            (_, wants) => wants,
        };
        wants.map_err(|source| Unanswered::Undecodable {
            key: key.into(),
            source,
        })
    }
}

impl Gathered {
    /// Takes what is known of a further step of the walk, and gives back its values.
    fn joined_by(&mut self, step: pipeline::Page) -> Listed {
        for source in step.degraded {
            if !self.missing.contains(&source) {
                self.missing.push(source);
            }
        }
        let ages = self.age.zip(step.age);
        self.age = ages.map(|(one, other)| one.max(other));
        step.values
    }
}

/// `{"items":[…],"next":…,"whole":…}` around bodies that stay as they are.
fn items(gathered: &Gathered, next: Option<&str>) -> Bytes {
    let values = &gathered.values;
    let bodies: usize = values.iter().map(|(_, value)| value.body.len() + 1).sum();
    let mut out = Vec::with_capacity(bodies + 256);
    out.extend_from_slice(b"{\"items\":[");
    for (index, (_, value)) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&value.body);
    }
    // A cursor is base64url and needs no escaping.
    let next = next.map_or_else(|| "null".to_owned(), |cursor| format!("\"{cursor}\""));
    let whole = is_whole(gathered.age);
    out.extend_from_slice(format!("],\"next\":{next},\"whole\":{whole}}}").as_bytes());
    out.into()
}
