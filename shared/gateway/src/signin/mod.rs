//! How a browser gets a session.

mod local;
mod notice;
mod outcome;
mod page;
mod provider;

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use http::auth::{ATTEMPT_FOR, AttemptCookie, IdentityProvider, ProviderSession};
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::{Parameter, PublicRoute};

pub use local::Person;
pub(crate) use local::sign_in;
pub(crate) use notice::end_by_notice;
pub use outcome::describe_metrics;
pub(crate) use page::{page, style};
pub(crate) use provider::{begin, finish};

use crate::sessions::BrowserSessions;

/// Rows of the route table.
pub(crate) const ROUTES: &[PublicRoute] = &[
    PublicRoute::get("/signin", "sign_in_page", "a page to sign in on").with(&[TO]),
    PublicRoute::get("/signin.css", "sign_in_style", "how the page looks"),
    PublicRoute::form(
        "/signin/local",
        "sign_in_locally",
        "signs a browser of this machine in as one of the demo's people",
    ),
    PublicRoute::get(
        "/signin/{provider}",
        "sign_in_at_provider",
        "sends the browser to an identity provider, to sign in there",
    )
    .with(&[TO])
    .answering(303),
    PublicRoute::get(
        "/signin/{provider}/callback",
        "signed_in_at_provider",
        "where the provider sends the browser to; signs it in, or says on a page why not",
    )
    .with(provider::PARAMETERS)
    .and_others()
    .answering(303),
    PublicRoute::form(
        "/signin/{provider}/backchannel-logout",
        "signed_out_at_provider",
        "ends the sessions of somebody who was signed out at the provider, by its logout token",
    )
    .answering(200)
    .refused_with(&[
        platform::BODY_MALFORMED,
        platform::LOGOUT_TOKEN_INVALID,
        platform::NOT_FOUND,
        platform::DEPENDENCY_UNAVAILABLE,
    ]),
];

const TO: Parameter = Parameter::of::<String>("to", "the path that is shown after that");

/// How long a sign-in that was used is known: a moment longer than it could be used.
const ATTEMPT_KEPT: Duration = Duration::from_secs(ATTEMPT_FOR.unsigned_abs() + 60);

/// Longest path to go on to, bytes.
const TO_MAX: usize = 2_048;

/// The ways to sign in.
pub struct SignIn {
    pub sessions: Arc<BrowserSessions>,
    /// Those whom a browser of this machine may sign in as; none where that is not offered.
    pub people: Vec<Person>,
    /// Those that browsers are sent to.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    /// A browser's sign-in at one of them while it lasts.
    pub attempts: AttemptCookie,
    /// Where browsers find this gateway, such as `https://desk.example`.
    pub origin: String,
    /// The path that is shown after that, unless another is asked for.
    pub home: String,
}

impl SignIn {
    /// Where to go on: nowhere but here.
    fn destination<'p>(&'p self, to: Option<&'p str>) -> &'p str {
        to.filter(|to| is_local(to)).unwrap_or(&self.home)
    }

    fn provider(&self, name: &str) -> Option<&Arc<dyn IdentityProvider>> {
        let mut providers = self.providers.iter();
        providers.find(|provider| provider.about().name == name)
    }

    /// The provider that the request's path names.
    ///
    /// # Errors
    /// Browsers are not sent to one of that name.
    fn addressed(&self, request: &HttpRequest) -> Result<&Arc<dyn IdentityProvider>, Problem> {
        let name = request.match_info().get("provider").unwrap_or_default();
        let provider = self.provider(name);
        provider.ok_or_else(|| Problem::new(platform::NOT_FOUND, "no such provider"))
    }

    /// Where a browser goes for its session at the provider to end, too.
    pub(crate) fn farewell(&self, session: &ProviderSession) -> Option<String> {
        let provider = self.provider(&session.provider)?;
        let is_same = provider.about().issuer == session.issuer;
        let back_to = format!("{}/signin", self.origin);
        let id_token = session.id_token.as_deref();
        provider.farewell(id_token.filter(|_| is_same), &back_to)
    }
}

/// Whether a browser that is sent there stays on this host. `//host` and `/\host` are addresses of
/// other hosts; tabs and line ends are dropped before an address is read.
#[must_use]
pub fn is_local(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"'<>".contains(&byte);
    let rest = path.strip_prefix('/');
    rest.is_some_and(|rest| !rest.starts_with('/'))
        && path.len() <= TO_MAX
        && path.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_paths_of_this_host_are_gone_on_to() {
        for path in [
            "/",
            "/explorer/",
            "/v1/trades?limit=5&cursor=a%2Fb",
            "/a//b",
            "/@x",
        ] {
            assert!(is_local(path), "{path}");
        }
        let long = format!("/{}", "a".repeat(2_048));
        for path in [
            "",
            "explorer",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a\nb",
            "/é",
            "/\"><script>",
            &long,
            "javascript:alert(1)",
        ] {
            assert!(!is_local(path), "{path}");
        }
    }
}
