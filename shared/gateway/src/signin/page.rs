//! The page to sign in on: plain HTML, without a script.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use http::auth::About;
use http::edge::ForPeople;
use http::problem::Problem;
use kernel::Parameters;
use kernel::code::platform;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Person, SignIn};
use crate::gateway::Shared;
use crate::views::parameters;

/// What the page may load and send: its style, and forms to this host.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Dealerboard: sign in</title>\n\
    <link rel=\"stylesheet\" href=\"/signin.css\">\n</head>\n<body>\n<main>\n<h1>Sign in</h1>\n";

const FOOT: &str = "</main>\n</body>\n</html>\n";

/// `GET /signin`.
pub(crate) async fn page(request: HttpRequest, gateway: Shared) -> Result<HttpResponse, Problem> {
    let sign_in = &gateway.sign_in;
    let people = sign_in.offered(request.headers());
    if people.is_empty() && sign_in.providers.is_empty() {
        let detail = "browsers do not sign in here";
        return Err(Problem::new(platform::NOT_FOUND, detail));
    }
    let asked: Parameters = parameters(&request);
    let to = sign_in.destination(asked.get("to"));
    Ok(answer(StatusCode::OK, html(sign_in, people, to)))
}

/// What a browser is told instead of being signed in.
pub(super) struct Said<'a> {
    pub(super) status: StatusCode,
    pub(super) words: &'a str,
    /// What to do, as a link says it, and where that is done.
    pub(super) next: &'a str,
    pub(super) address: &'a str,
}

/// A page that says it.
pub(super) fn said(said: &Said<'_>) -> HttpResponse {
    let words = [said.words, said.address, said.next].map(escaped);
    let [words, address, next] = words;
    let page =
        format!("{HEAD}<p role=\"alert\">{words}</p>\n<a href=\"{address}\">{next}</a>\n{FOOT}");
    let mut answer = answer(said.status, page);
    answer.extensions_mut().insert(ForPeople);
    if said.status == StatusCode::SERVICE_UNAVAILABLE {
        let value = HeaderValue::from_static("5");
        answer.headers_mut().insert(RETRY_AFTER, value);
    }
    answer
}

fn answer(status: StatusCode, page: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        // Without it a browser hides from the form's receiver where the form is from.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(page)
}

/// `GET /signin.css`.
pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(include_str!("signin.css"))
}

fn html(sign_in: &SignIn, people: &[Person], to: &str) -> String {
    let mut page = HEAD.to_owned();
    let origin = escaped(&sign_in.origin);
    for provider in &sign_in.providers {
        page.push_str(&link(&origin, provider.about(), to));
    }
    if !people.is_empty() {
        page.push_str(&form(people, to));
    }
    page.push_str(FOOT);
    page
}

/// To where the browser comes back to, whatever name it asked for this page by: the cookie of the
/// sign-in has to be of that host.
fn link(origin: &str, about: &About, to: &str) -> String {
    let (name, title) = (escaped(&about.name), escaped(&about.title));
    let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
    format!("<a href=\"{origin}/signin/{name}?to={to}\">Sign in with <b>{title}</b></a>\n")
}

fn form(people: &[Person], to: &str) -> String {
    let to = escaped(to);
    let mut form = format!(
        "<p>This is a desk on your own machine. Who do you want to be?</p>\n\
         <form method=\"post\" action=\"/signin/local\">\n\
         <input type=\"hidden\" name=\"to\" value=\"{to}\">\n"
    );
    for Person { subject, about } in people {
        let (name, about) = (escaped(subject.actor.as_str()), escaped(about));
        writeln!(
            form,
            "<button name=\"name\" value=\"{name}\"><b>{name}</b> {about}</button>"
        )
        .expect("writing to a string cannot fail");
    }
    form.push_str("</form>\n");
    form
}

/// As text of a page, or the value of an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http::auth::About;

    use super::{FOOT, HEAD, escaped, form, link};

    #[test]
    fn page_holds_no_script_and_no_foreign_markup() {
        assert_eq!(
            escaped("<a href='\"'>&"),
            "&lt;a href=&#39;&quot;&#39;&gt;&amp;"
        );
        let form = form(&[], "/v1/trades?limit=5&cursor=x");
        assert!(form.contains("value=\"/v1/trades?limit=5&amp;cursor=x\""));
        let about = About {
            name: "desk".to_owned(),
            title: "<script>".to_owned(),
            issuer: "https://id.example".to_owned(),
        };
        let link = link("https://desk.example", &about, "/v1/trades?limit=5");
        let address = "https://desk.example/signin/desk?to=%2Fv1%2Ftrades%3Flimit%3D5";
        assert!(link.contains(&format!("href=\"{address}\"")), "{link}");
        for part in [HEAD, &form, &link, FOOT] {
            assert!(
                !part.contains("<script") && !part.contains(" style="),
                "{part}"
            );
        }
    }
}
