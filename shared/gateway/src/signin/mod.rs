//! How a browser gets a session.

mod local;
mod page;

use std::sync::Arc;

use kernel::route::{Parameter, PublicRoute};

pub use local::Person;
pub(crate) use local::sign_in;
pub(crate) use page::{page, style};

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
];

const TO: Parameter = Parameter::of::<String>("to", "the path that is shown after that");

/// Longest path to go on to, bytes.
const TO_MAX: usize = 2_048;

/// The ways to sign in.
pub struct SignIn {
    pub sessions: Arc<BrowserSessions>,
    /// Those whom a browser of this machine may sign in as; none where that is not offered.
    pub people: Vec<Person>,
    /// The path that is shown after that, unless another is asked for.
    pub home: String,
}

impl SignIn {
    /// Where to go on: nowhere but here.
    fn destination<'p>(&'p self, to: Option<&'p str>) -> &'p str {
        to.filter(|to| is_local(to)).unwrap_or(&self.home)
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
