//! What a browser does: it keeps the cookie and sends it along.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use testkit::platform::Platform;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

pub(crate) struct Browser {
    client: Client,
    url: String,
    pub(crate) cookie: Option<String>,
    pub(crate) csrf_token: Option<String>,
}

impl Browser {
    pub(crate) fn of(platform: &Platform) -> Self {
        let client = Client::builder().redirect(Policy::none()).build();
        Self {
            client: client.unwrap(),
            url: platform.url().to_owned(),
            cookie: None,
            csrf_token: None,
        }
    }

    /// One that is signed in as somebody of the demo.
    pub(crate) async fn signed_in(platform: &Platform, name: &str) -> Self {
        let mut browser = Self::of(platform);
        browser.signs_in(name).await;
        browser
    }

    pub(crate) async fn signs_in(&mut self, name: &str) {
        let answer = self.form(&format!("name={name}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        self.cookie = Some(cookie(&answer));
        let (status, session) = self.reads("/v1/session").await;
        assert_eq!(status, StatusCode::OK, "{session}");
        self.csrf_token = Some(session["csrf_token"].as_str().unwrap().to_owned());
    }

    /// A request with what a browser sends by itself.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// The form of the page to sign in on, sent by that page.
    pub(crate) fn form(&self, fields: &str) -> RequestBuilder {
        let request = self.request(Method::POST, "/signin/local");
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.url)
            .body(fields.to_owned())
    }

    pub(crate) async fn reads(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(Method::GET, path)).await
    }

    /// A booking without what proves that a page of the platform sent it.
    pub(crate) fn booking(&self, trade: &str) -> RequestBuilder {
        let body = json!({
            "trade_id": trade, "account": "ACC-1", "book": "EQ", "instrument": "IBM", "side": "BUY",
            "quantity": "100", "price": "181.52", "currency": "USD",
            "traded_at": "2026-01-05T15:30:00Z",
        });
        let request = self.request(Method::POST, "/v1/trades");
        request.header("prefer", "wait=10").json(&body)
    }

    /// With it.
    pub(crate) fn proves(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("x-csrf-token", self.csrf_token.as_deref().unwrap())
    }
}

/// Status and body, which is nothing where it is no JSON.
pub(crate) async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// What the browser is to send back.
fn cookie(answer: &Response) -> String {
    let line = answer.headers()["set-cookie"].to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}
