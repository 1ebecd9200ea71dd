//! Answers that sign nobody in: not begun here, used, of another issuer, of another sign-in, for
//! another client, or none at all.

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use testkit::platform::Platform;

use crate::provider::Provider;
use crate::story::gateway_with_sign_in;

/// A browser without a screen.
struct Visitor {
    client: Client,
    url: String,
}

impl Visitor {
    fn of(platform: &Platform) -> Self {
        let client = Client::builder().redirect(Policy::none());
        Self {
            client: client.build().unwrap(),
            url: platform.url().to_owned(),
        }
    }

    async fn get(&self, address: &str, cookie: Option<&str>) -> Response {
        let request = self.client.get(address);
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The address that the browser is sent to, and the cookie of the sign-in.
    async fn begins(&self, path: &str) -> (String, String) {
        let answer = self.get(&format!("{}{path}", self.url), None).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let (cookie, _) = cookie.split_once(';').unwrap();
        (location(&answer), cookie.to_owned())
    }

    /// The same, and the address that a provider without a page of its own sends it back to.
    async fn comes_back(&self, path: &str) -> (String, String) {
        let (there, cookie) = self.begins(path).await;
        (location(&self.get(&there, None).await), cookie)
    }

    /// What the browser is shown; nobody is signed in.
    async fn is_refused(&self, address: &str, cookie: Option<&str>) -> (StatusCode, String) {
        let answer = self.get(address, cookie).await;
        let set = answer.headers().get_all("set-cookie").iter();
        for line in set {
            let line = line.to_str().unwrap();
            assert!(!line.starts_with("dealerboard-session"), "{line}");
        }
        (answer.status(), answer.text().await.unwrap())
    }
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// One parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name).unwrap();
    value.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn request_to_sign_in_says_what_the_flow_asks_for() {
    let provider = Provider::start("oidc-provider", "").await;
    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    let visitor = Visitor::of(&platform);
    let (there, cookie) = visitor.begins("/signin/desk?to=%2Fv1%2Ftrades").await;
    assert!(
        there.starts_with(&format!("{}/auth?", provider.issuer)),
        "{there}"
    );
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "desk"),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&there, name), value, "{there}");
    }
    for secret in ["state", "nonce", "code_challenge"] {
        assert_eq!(parameter(&there, secret).len(), 43, "{there}");
    }
    let (again, other) = visitor.begins("/signin/desk").await;
    assert_ne!(parameter(&again, "state"), parameter(&there, "state"));
    assert_ne!(cookie, other);
    let unknown = visitor
        .get(&format!("{}/signin/other", platform.url()), None)
        .await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_that_did_not_begin_the_sign_in_is_not_signed_in() {
    let provider = Provider::start("oidc-provider", "").await;
    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    let visitor = Visitor::of(&platform);
    let (there, cookie) = visitor.begins("/signin/desk").await;
    let (state, issuer) = (parameter(&there, "state"), &provider.issuer);
    let callback = format!("{}/signin/desk/callback", platform.url());
    let right = format!("{callback}?code=abc&state={state}&iss={issuer}");
    let stranger = format!("{callback}?code=abc&state={}&iss={issuer}", "a".repeat(43));
    for (address, cookie) in [
        (&right, None),
        (&stranger, Some(&*cookie)),
        (&format!("{callback}?code=abc&iss={issuer}"), Some(&*cookie)),
        (&right, Some(&*format!("{cookie}x"))),
        (&right, Some(&*format!("{cookie}; {cookie}"))),
    ] {
        let (status, page) = visitor.is_refused(address, cookie).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("did not begin in this browser"), "{page}");
    }
    // The one that was begun still goes on: the provider is asked about its code, and does not know it.
    let (status, page) = visitor.is_refused(&right, Some(&cookie)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("says that this sign-in is over"), "{page}");
    let (status, page) = visitor.is_refused(&right, Some(&cookie)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("was used already"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_another_issuer_is_not_sent_to_this_one() {
    let provider = Provider::start("oidc-provider", "").await;
    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    let visitor = Visitor::of(&platform);
    let callback = format!("{}/signin/desk/callback", platform.url());
    // This provider says that it names itself: an answer without a name is not from it.
    for issuer in ["&iss=https://evil.example", ""] {
        let (there, cookie) = visitor.begins("/signin/desk").await;
        let state = parameter(&there, "state");
        let address = format!("{callback}?code=abc&state={state}{issuer}");
        let (status, page) = visitor.is_refused(&address, Some(&cookie)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("This answer is not from The desk"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_that_is_away_is_said_to_be_and_loses_nothing() {
    let mut provider = Provider::start("oidc-provider", "").await;
    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    let visitor = Visitor::of(&platform);
    let (there, cookie) = visitor.begins("/signin/desk").await;
    let (state, issuer) = (parameter(&there, "state"), provider.issuer.clone());
    provider.kill();
    let callback = format!("{}/signin/desk/callback", platform.url());
    let address = format!("{callback}?code=abc&state={state}&iss={issuer}");
    let answer = visitor.get(&address, Some(&cookie)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("cannot be reached at the moment"), "{page}");

    let platform = gateway_with_sign_in(&provider, "desk", "desk").await;
    let visitor = Visitor::of(&platform);
    let begin = format!("{}/signin/desk", platform.url());
    let (status, page) = visitor.is_refused(&begin, None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("cannot be reached at the moment"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn id_token_of_another_sign_in_or_for_another_client_signs_nobody_in() {
    let provider = Provider::start("mock", "/desk").await;
    for (client, status, words) in [
        (
            "other-nonce",
            StatusCode::BAD_REQUEST,
            "is to another sign-in",
        ),
        (
            "other-audience",
            StatusCode::INTERNAL_SERVER_ERROR,
            "do not understand each other",
        ),
    ] {
        let platform = gateway_with_sign_in(&provider, "desk", client).await;
        let visitor = Visitor::of(&platform);
        let (back, cookie) = visitor.comes_back("/signin/desk").await;
        let (answered, page) = visitor.is_refused(&back, Some(&cookie)).await;
        assert_eq!(answered, status, "{client}: {page}");
        assert!(page.contains(words), "{client}: {page}");
    }
}
