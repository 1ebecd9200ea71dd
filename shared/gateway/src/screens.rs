//! The screens that people work on: one page, and the scripts and styles it loads, out of the binary.
//! They are built from `web/`, and use nothing but the routes of the table.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderMap,
    REFERRER_POLICY, VARY,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::PublicRoute;
use rust_embed::RustEmbed;

/// Rows of the route table.
pub(crate) const ROUTES: &[PublicRoute] = &[
    PublicRoute::get("/", "screens", "the screens: blotter, positions, floor"),
    PublicRoute::get(
        "/assets/{file}",
        "screens_asset",
        "a script or style of the screens, under the hash of what is in it",
    ),
];

/// What the page may load and reach: this host. No text becomes markup or a script on the way.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const PAGE: &str = "index.html";
const ASSETS: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Built;

/// A file as it is sent.
struct Sent {
    plain: Bytes,
    gzip: Bytes,
}

/// Every file, compressed when the first is asked for.
static FILES: LazyLock<BTreeMap<String, Sent>> = LazyLock::new(|| {
    let files = Built::iter().filter_map(|name| {
        let plain = Bytes::from(Built::get(&name)?.data.into_owned());
        let gzip = compressed(&plain).unwrap_or_else(|_| Bytes::clone(&plain));
        Some((name.into_owned(), Sent { plain, gzip }))
    });
    files.collect()
});

fn compressed(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}

/// `GET /`.
pub(crate) async fn page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    answer(&request, PAGE, "no-cache")
}

/// `GET /assets/{file}`.
pub(crate) async fn asset(
    request: HttpRequest,
    file: Path<String>,
) -> Result<HttpResponse, Problem> {
    // Its name changes with what is in it.
    let forever = "public, max-age=31536000, immutable";
    answer(&request, &format!("{ASSETS}{file}"), forever)
}

fn answer(request: &HttpRequest, name: &str, kept: &'static str) -> Result<HttpResponse, Problem> {
    let Some(file) = FILES.get(name) else {
        return Err(Problem::new(platform::NOT_FOUND, "no such page"));
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(kind(name))
        .insert_header((CACHE_CONTROL, kept))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((VARY, "accept-encoding"));
    if takes_gzip(request.headers()) {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.body(Bytes::clone(&file.gzip)));
    }
    Ok(answer.body(Bytes::clone(&file.plain)))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Whether the caller names gzip, and not in order to refuse it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT_ENCODING);
    let named = named.filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && quality.parse().is_ok_and(|q: f32| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
    use flate2::read::GzDecoder;

    use super::{ASSETS, FILES, PAGE, takes_gzip};

    /// Bytes that a browser loads before it shows the first screen, over the wire.
    const FIRST_LOAD_MAX: usize = 150 * 1024;

    #[test]
    fn page_loads_what_is_there_and_little() {
        let html = String::from_utf8(FILES[PAGE].plain.to_vec()).unwrap();
        let (mut loaded, mut bytes) = (0, FILES[PAGE].gzip.len());
        for (name, file) in FILES.iter().filter(|(name, _)| name.starts_with(ASSETS)) {
            loaded += usize::from(html.contains(&format!("/{name}\"")));
            bytes += file.gzip.len();
        }
        assert!(loaded >= 2, "a script and a style: {html}");
        assert!(bytes <= FIRST_LOAD_MAX, "{bytes}");
        assert!(html.contains("<noscript>"));
        assert!(!html.contains("<script>"), "the policy refuses it");
    }

    #[test]
    fn compressed_file_is_the_file() {
        for (name, file) in FILES.iter() {
            let mut plain = Vec::new();
            let mut decoder = GzDecoder::new(&*file.gzip);
            decoder.read_to_end(&mut plain).unwrap();
            assert_eq!(plain, file.plain, "{name}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(takes_gzip(&headers), takes, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
