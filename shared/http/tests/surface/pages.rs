//! A walk through a list, page by page.

use actix_web::HttpRequest;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse};
use http::edge::edge;
use http::page::{Page, Scope, cursor, next_link};
use http::problem::Problem;
use http::signature::{Keyring, Secret};
use kernel::Tenant;

async fn numbers(request: HttpRequest, keys: Data<Keyring>) -> Result<HttpResponse, Problem> {
    let tenant = Tenant::new("demo").expect("a label");
    let scope = Scope {
        tenant: &tenant,
        list: request.path(),
        filter: "",
    };
    let page = Page::of(request.query_string(), scope, &keys)?;
    let first = page.after.map_or(0, |last| last.parse().unwrap_or(0) + 1);
    let entries: Vec<usize> = (first..10).take(page.limit).collect();
    let mut response = HttpResponse::Ok();
    if let Some(last) = entries.last().filter(|last| **last < 9) {
        let cursor = cursor(&last.to_string(), scope, &keys);
        response.insert_header(next_link(request.path(), request.query_string(), &cursor));
    }
    Ok(response.body(format!("{entries:?}")))
}

#[actix_web::test]
async fn following_the_links_shows_each_entry_once() {
    let keys = Keyring::new("k1", &Secret::new(vec![7; 32]).unwrap()).unwrap();
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .app_data(Data::new(keys))
            .route("/numbers", web::get().to(numbers)),
    )
    .await;
    let mut next = Some("/numbers?limit=4&book=A%26B".to_owned());
    let mut pages = Vec::new();
    while let Some(uri) = next.take() {
        let response = call_service(&app, TestRequest::with_uri(&uri).to_request()).await;
        assert_eq!(response.status(), 200);
        next = response.headers().get("link").map(|link| {
            let link = link.to_str().unwrap();
            let (uri, relation) = link.split_once('>').unwrap();
            assert_eq!(relation, "; rel=\"next\"");
            assert!(uri.contains("limit=4&book=A%26B&cursor="), "{uri}");
            uri.trim_start_matches('<').to_owned()
        });
        pages.push(String::from_utf8(read_body(response).await.to_vec()).unwrap());
    }
    assert_eq!(pages, ["[0, 1, 2, 3]", "[4, 5, 6, 7]", "[8, 9]"]);
}
