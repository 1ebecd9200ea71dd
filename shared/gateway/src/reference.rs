//! `GET /docs/errors/{code}`: where a problem's `type` points.

use actix_web::HttpResponse;
use actix_web::web::Path;
use http::problem::Problem;
use kernel::code::platform;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../docs/errors"]
struct Pages;

pub(crate) async fn page(code: Path<String>) -> Result<HttpResponse, Problem> {
    match Pages::get(&format!("{code}.md")) {
        Some(page) => Ok(HttpResponse::Ok()
            .content_type("text/markdown; charset=utf-8")
            .body(page.data.into_owned())),
        None => Err(Problem::new(
            platform::NOT_FOUND,
            "no such code is documented",
        )),
    }
}
