//! Browsers: a session's cookie instead of a token.

use std::sync::Arc;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use actix_web::http::{Method, Uri};
use actix_web::{HttpRequest, web::Data};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use futures::future::LocalBoxFuture;
use kernel::Timestamp;
use kernel::code::platform;
use kernel::port::SessionKey;

use super::principal::Principal;
use super::provider::ProviderSession;
use super::session::{Secret, SecretCookie};
use super::token::TokenError;
use super::verifier::Verifier;
use crate::headers;
use crate::problem::Problem;

static CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Named in `X-Degraded` where a session counts although the others' word on it cannot be had.
const UNCONFIRMED: &str = "sessions-unconfirmed";

/// Browsers that are signed in.
pub trait Browsers: Send + Sync + 'static {
    /// The cookie of their sessions.
    fn cookie(&self) -> SecretCookie;

    /// The session of that id.
    ///
    /// # Errors
    /// Nobody can say at the moment.
    fn find(
        self: Arc<Self>,
        id: Secret,
    ) -> LocalBoxFuture<'static, Result<Option<SignedIn>, Problem>>;
}

/// A session, as a request of its browser finds it. Handlers find it among the request's extensions.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub principal: Principal,
    pub key: SessionKey,
    /// What requests that change something have to name.
    pub csrf_token: Arc<str>,
    /// Even if it is used.
    pub until: Timestamp,
    /// Where they signed in, if that was at a provider.
    pub at_provider: Option<Arc<ProviderSession>>,
    /// It is known from before, and could not be looked up.
    pub is_unconfirmed: bool,
}

/// The browsers and the id, where the request comes with a session's cookie and no token: a token is
/// never affected by cookies.
pub(super) fn cookie_of(
    request: &HttpRequest,
) -> Option<(Arc<dyn Browsers>, Result<Secret, TokenError>)> {
    let headers = request.headers();
    if headers.contains_key(AUTHORIZATION) {
        return None;
    }
    let browsers = request.app_data::<Data<dyn Browsers>>()?;
    let cookie = browsers.cookie();
    if !cookie.is_sent(headers) {
        return None;
    }
    let id = cookie.read(headers).ok_or(TokenError::SessionOver);
    Some((Data::clone(browsers).into_inner(), id))
}

/// Whose session it is, if the request may be its browser's own.
pub(super) async fn by_session(
    request: &HttpRequest,
    browsers: Arc<dyn Browsers>,
    id: Secret,
    verifier: &Verifier,
) -> Result<Principal, Problem> {
    let signed_in = browsers.find(id).await?.ok_or(TokenError::SessionOver)?;
    // It was opened under another configuration.
    if !verifier.trusts(&signed_in.principal.issuer) {
        return Err(TokenError::Issuer.into());
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read {
        is_own(request.headers(), &signed_in.csrf_token)?;
    }
    let principal = signed_in.principal.clone();
    request.extensions_mut().insert(signed_in);
    Ok(principal)
}

/// A page of another site makes a browser send its cookies, but knows no token of theirs.
fn is_own(headers: &HeaderMap, csrf_token: &str) -> Result<(), Problem> {
    let forged = |detail: &'static str| Err(Problem::new(platform::CSRF_TOKEN_INVALID, detail));
    if site(headers).is_some_and(|site| site == "cross-site") {
        return forged("another site made this request");
    }
    let mut named = headers.get_all(&CSRF_TOKEN);
    let (Some(named), None) = (named.next(), named.next()) else {
        return forged("a session's request needs one X-CSRF-Token, see GET /v1/session");
    };
    let equal = verify_slices_are_equal(named.as_bytes(), csrf_token.as_bytes());
    if equal.is_err() {
        return forged("X-CSRF-Token is not that of this session, see GET /v1/session");
    }
    Ok(())
}

/// A form that signs in has no session yet: the browser's own word has to do. Browsers say where a
/// form is from; programs need not.
///
/// # Errors
/// The form is another origin's.
pub fn same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let is_own = match site(headers) {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => headers
            .get(ORIGIN)
            .is_none_or(|origin| is_of(origin, headers)),
    };
    if is_own {
        return Ok(());
    }
    let detail = "another origin made this request";
    Err(Problem::new(platform::CSRF_TOKEN_INVALID, detail))
}

/// Whether the origin is the host that was asked.
fn is_of(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
    let authority = origin.and_then(|origin| origin.into_parts().authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority.is_some_and(|authority| host.is_some_and(|host| authority == host))
}

fn site(headers: &HeaderMap) -> Option<&str> {
    headers.get(&SEC_FETCH_SITE)?.to_str().ok()
}

/// Says that the answer went to a session which could not be looked up.
pub(crate) fn mark<B>(response: &mut ServiceResponse<B>) {
    let unconfirmed = {
        let extensions = response.request().extensions();
        let signed_in = extensions.get::<SignedIn>();
        signed_in.is_some_and(|signed_in| signed_in.is_unconfirmed)
    };
    if unconfirmed {
        headers::add_degraded(response.headers_mut(), UNCONFIRMED);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{is_own, same_origin};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn change_needs_the_token_of_its_session() {
        let own = |lines: &[_]| is_own(&headers(lines), "abc").is_ok();
        assert!(own(&[("x-csrf-token", "abc")]));
        assert!(own(&[
            ("x-csrf-token", "abc"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!own(&[]));
        assert!(!own(&[("x-csrf-token", "abd")]));
        assert!(!own(&[("x-csrf-token", "ab")]));
        assert!(!own(&[("x-csrf-token", "")]));
        assert!(!own(&[("x-csrf-token", "abc"), ("x-csrf-token", "abc")]));
        assert!(!own(&[
            ("x-csrf-token", "abc"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn form_of_another_origin_is_refused() {
        let host = ("host", "127.0.0.1:8080");
        let own = |lines: &[_]| same_origin(&headers(&[&[host], lines].concat())).is_ok();
        assert!(own(&[]));
        assert!(own(&[("origin", "http://127.0.0.1:8080")]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        for foreign in [
            ("origin", "http://127.0.0.1:3000"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(!own(&[foreign]), "{foreign:?}");
        }
    }
}
