//! The page to sign in on: plain HTML, without a script.

use std::fmt::Write as _;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse};
use http::problem::Problem;
use kernel::Parameters;
use kernel::code::platform;

use super::Person;
use crate::gateway::Shared;
use crate::views::parameters;

/// What the page may load and send: its style, and forms to this host.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Dealerboard: sign in</title>\n\
    <link rel=\"stylesheet\" href=\"/signin.css\">\n</head>\n<body>\n<main>\n<h1>Sign in</h1>\n";

/// `GET /signin`.
pub(crate) async fn page(request: HttpRequest, gateway: Shared) -> Result<HttpResponse, Problem> {
    let sign_in = &gateway.sign_in;
    let people = sign_in.offered(request.headers());
    if people.is_empty() {
        let detail = "browsers do not sign in here";
        return Err(Problem::new(platform::NOT_FOUND, detail));
    }
    let asked: Parameters = parameters(&request);
    let to = sign_in.destination(asked.get("to"));
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        // Without it a browser hides from the form's receiver where the form is from.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(html(people, to)))
}

/// `GET /signin.css`.
pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(include_str!("signin.css"))
}

fn html(people: &[Person], to: &str) -> String {
    let mut page = HEAD.to_owned();
    let to = escaped(to);
    let form = format!(
        "<p>This is a desk on your own machine. Who do you want to be?</p>\n\
         <form method=\"post\" action=\"/signin/local\">\n\
         <input type=\"hidden\" name=\"to\" value=\"{to}\">\n"
    );
    page.push_str(&form);
    for Person { subject, about } in people {
        let (name, about) = (escaped(subject.actor.as_str()), escaped(about));
        writeln!(
            page,
            "<button name=\"name\" value=\"{name}\"><b>{name}</b> {about}</button>"
        )
        .expect("writing to a string cannot fail");
    }
    page.push_str("</form>\n</main>\n</body>\n</html>\n");
    page
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
    use super::{escaped, html};

    #[test]
    fn page_holds_no_script_and_no_foreign_markup() {
        assert_eq!(
            escaped("<a href='\"'>&"),
            "&lt;a href=&#39;&quot;&#39;&gt;&amp;"
        );
        let page = html(&[], "/v1/trades?limit=5&cursor=x");
        assert!(page.contains("value=\"/v1/trades?limit=5&amp;cursor=x\""));
        assert!(!page.contains("<script") && !page.contains(" style="));
    }
}
