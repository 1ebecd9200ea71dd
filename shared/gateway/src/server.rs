//! The server: every route of the table, and nothing else.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::guard::Post as PostOnly;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Resource, Route, dev};
use http::auth::{Browsers, Principal, Verifier};
use http::body::JsonBody;
use http::connection::on_connect;
use http::edge::edge;
use http::limits::Limits;
use http::problem::Problem;
use kernel::Parameters;
use kernel::code::platform;
use kernel::route::Method;
use percent_encoding::percent_decode_str;
use pipeline::ViewSlice;
use tokio_util::sync::CancellationToken;

use crate::commands::Post;
use crate::endpoint::{Call, Endpoint};
use crate::gateway::{Gateway, Shared};
use crate::known::{Known, known};
use crate::sessions::routes as session;
use crate::table::Table;
use crate::views::parameters;
use crate::{explorer, lists, live, outcomes, reference, screens, signin, views};

/// Longest time that requests under way are given to end when it stops, seconds.
const DRAIN_S: u64 = 10;

/// Path parameter that holds the verb of a command without a noun.
const VERB: &str = "verb";

/// A server, bound and not yet polled.
pub type Server = dev::Server;

/// Serves until `stop`, then drains what is under way.
///
/// # Errors
/// The listener failed.
pub async fn serve(server: Server, stop: CancellationToken) -> std::io::Result<()> {
    let handle = server.handle();
    let stopping = async {
        stop.cancelled().await;
        handle.stop(true).await;
    };
    let (served, ()) = tokio::join!(server, stopping);
    served
}

/// The server of a gateway; `beside` adds the public routes that are not the gateway's own. As many
/// workers as there are cores when `workers` is 0.
///
/// # Errors
/// The listener cannot be used, or the endpoints are not those of the table.
pub fn server(
    listener: TcpListener,
    workers: usize,
    gateway: Arc<Gateway>,
    verifier: Verifier,
    beside: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let checked = gateway.table.check(&gateway.endpoints);
    checked.map_err(std::io::Error::other)?;
    let limits = Limits::default();
    let verifier = Arc::new(verifier);
    let parameters = Data::new(Known::of(&gateway.table));
    let browsers: Arc<dyn Browsers> = Arc::clone(&gateway.sign_in.sessions) as _;
    let browsers = Data::from(browsers);
    let app = move || {
        App::new()
            .app_data(Data::new(limits))
            .app_data(Shared::new(Arc::clone(&gateway)))
            .app_data(Data::new(verifier.for_worker()))
            .app_data(Data::clone(&parameters))
            .app_data(Data::clone(&browsers))
            .configure(beside.clone())
            .configure(|config| routes(config, &gateway))
            .wrap(from_fn(known))
            .wrap(from_fn(edge))
    };
    let server = HttpServer::new(app).on_connect(on_connect);
    let server = limits.of_server(server).disable_signals();
    let mut server = server.shutdown_timeout(DRAIN_S);
    if workers > 0 {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Every path of the table. They are tried one after the other, and a pattern is expensive to compare:
/// each collection stands under its name.
fn routes(config: &mut ServiceConfig, gateway: &Gateway) {
    config
        .route(outcomes::ROUTE.path, web::get().to(outcomes::get))
        .route(live::ROUTE.path, web::get().to(changes))
        .route("/", web::get().to(screens::page))
        .route("/assets/{file}", web::get().to(screens::asset))
        .route("/docs/errors/{code}", web::get().to(reference::page))
        .route("/openapi.json", web::get().to(explorer::document))
        .route("/explorer/{file}*", web::get().to(explorer::file))
        .route("/signin", web::get().to(signin::page))
        .route("/signin.css", web::get().to(signin::style))
        .route("/signin/local", web::post().to(signin::sign_in))
        .route("/signin/{provider}", web::get().to(signin::begin))
        .route("/signin/{provider}/callback", web::get().to(signin::finish))
        .route(
            "/signin/{provider}/backchannel-logout",
            web::post().to(signin::end_by_notice),
        )
        .route(session::SHOW.path, web::get().to(session::show))
        .route(session::END.path, web::post().to(session::end));
    let paths = paths(&gateway.table);
    for paths in paths.chunk_by(|one, next| collection(one) == collection(next)) {
        let name = collection(paths[0]);
        let scope = web::scope(name);
        // First, because a value's own path would take the verb for a part of the id.
        let scope = match verbs(name, gateway) {
            Some(verbs) => scope.service(verbs),
            None => scope,
        };
        let scope = paths.iter().fold(scope, |scope, path| {
            scope.service(resource(path, &path[name.len()..], gateway))
        });
        config.service(scope);
    }
}

/// The paths of the table, those of a collection together: fixed paths first, since a parameter would
/// match them too, then views, which are asked for most.
fn paths(table: &Table) -> Vec<&'static str> {
    let commands = table.commands().map(|(_, route)| route);
    let nouns = commands.filter(|route| route.verb().is_none());
    let mut paths: Vec<&'static str> = nouns.map(|route| route.path).collect();
    for view in table.views() {
        paths.extend([view.route.path, view.route.list]);
    }
    let questions = table.questions.iter().map(|question| question.path);
    paths.extend(questions.filter(|path| *path != outcomes::ROUTE.path));
    let is_view = |path: &str| table.views().any(|view| view.route.path == path);
    let rank = |path: &str| (path.contains('{'), !is_view(path));
    paths.sort_unstable_by_key(|path| (collection(path), rank(path), *path));
    paths.dedup();
    paths
}

/// `/v1/` and the first name behind it.
fn collection(path: &str) -> &str {
    let mut slashes = path.match_indices('/').skip(2);
    let end = slashes.next().map_or(path.len(), |(at, _)| at);
    let end = path[..end].find(':').unwrap_or(end);
    &path[..end]
}

/// One path with all methods that are served on it, so that others are 405. `rest` is what stands
/// behind the name of its collection.
fn resource(path: &'static str, rest: &str, gateway: &Gateway) -> Resource {
    let table = &gateway.table;
    let mut resource = web::resource(rest);
    for (context, route) in table.commands().filter(|(_, route)| route.path == path) {
        resource = resource.route(command(Post::new(gateway, context, route)));
    }
    for view in table.views() {
        if view.route.path == path {
            resource = resource.route(one(view, gateway));
        }
        if view.route.list == path {
            resource = resource.route(list(view));
        }
    }
    let endpoints = gateway.endpoints.iter();
    for endpoint in endpoints.filter(|endpoint| endpoint.route().path == path) {
        resource = resource.route(question(Arc::clone(endpoint)));
    }
    resource
}

/// Commands without a noun, `{id}:verb`: one pattern for all of a collection, because the verb is
/// looked up. Other methods on such a path are meant for an id that contains a colon.
fn verbs(name: &str, gateway: &Gateway) -> Option<Resource> {
    let commands = gateway.table.commands();
    let commands = commands.filter(|(_, route)| collection(route.path) == name);
    let commands: Vec<_> = commands
        .filter_map(|(context, route)| Some((route.verb()?, Post::new(gateway, context, route))))
        .collect();
    let pattern = commands.first()?.1.route.path;
    let pattern = pattern.rsplit_once(':').map_or(pattern, |(id, _)| id);
    let resource = web::resource(format!("{}:{{{VERB}}}", &pattern[name.len()..]));
    let commands = Arc::new(commands);
    let route = web::post().to(
        move |request: HttpRequest, principal: Principal, body: JsonBody, gateway: Shared| {
            let commands = Arc::clone(&commands);
            async move {
                let verb = request.match_info().get(VERB).unwrap_or_default();
                let found = commands.iter().find(|(known, _)| *known == verb);
                let Some((_, post)) = found else {
                    return Err(unknown_verb(&commands));
                };
                let path = path_of(request.match_info(), post.route.path);
                post.answer(&request, &path, &principal, &body, &gateway)
                    .await
            }
        },
    );
    Some(resource.guard(PostOnly()).route(route))
}

fn unknown_verb(commands: &[(&'static str, Post)]) -> Problem {
    let verbs: Vec<_> = commands.iter().map(|(verb, _)| *verb).collect();
    let detail = format!("no such command here; there are {}", verbs.join(", "));
    Problem::new(platform::NOT_FOUND, detail)
}

fn command(post: Post) -> Route {
    web::post().to(
        move |request: HttpRequest, principal: Principal, body: JsonBody, gateway: Shared| {
            let post = post.clone();
            async move {
                let path = path_of(request.match_info(), post.route.path);
                post.answer(&request, &path, &principal, &body, &gateway)
                    .await
            }
        },
    )
}

fn one(view: ViewSlice, gateway: &Gateway) -> Route {
    let extensions = gateway.extensions.iter();
    let extensions = extensions.filter(|extension| extension.view() == view.id.name);
    let extensions: Vec<_> = extensions.cloned().collect();
    web::get().to(
        move |request: HttpRequest, principal: Principal, gateway: Shared| {
            let extensions = extensions.clone();
            async move {
                let path = path_of(request.match_info(), view.route.path);
                let answer = views::get(&request, &path, &principal, &gateway, view).await;
                let mut answer = answer?;
                for extension in extensions {
                    let asked = parameters(&request);
                    answer = extension
                        .extend(&gateway, &principal, &asked, answer)
                        .await?;
                }
                Ok::<_, Problem>(answer)
            }
        },
    )
}

fn list(view: ViewSlice) -> Route {
    web::get().to(
        move |request: HttpRequest, principal: Principal, gateway: Shared| async move {
            lists::list(&request, &principal, &gateway, view).await
        },
    )
}

async fn changes(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    live::get(&request, principal, &gateway).await
}

fn question(endpoint: Arc<dyn Endpoint>) -> Route {
    let route = endpoint.route();
    match route.method {
        Method::Get => web::get().to(
            move |request: HttpRequest, principal: Principal, gateway: Shared| {
                let call = call(request, principal, None, &gateway, route.path);
                answered(Arc::clone(&endpoint), call)
            },
        ),
        Method::Post => web::post().to(
            move |request: HttpRequest, principal: Principal, body: JsonBody, gateway: Shared| {
                let call = call(request, principal, Some(&body), &gateway, route.path);
                answered(Arc::clone(&endpoint), call)
            },
        ),
    }
}

/// The endpoint's answer, if the caller may ask.
async fn answered(endpoint: Arc<dyn Endpoint>, call: Call) -> Result<HttpResponse, Problem> {
    call.admit(endpoint.route().allow).await?;
    endpoint.answer(call).await
}

fn call(
    request: HttpRequest,
    principal: Principal,
    body: Option<&JsonBody>,
    gateway: &Shared,
    pattern: &str,
) -> Call {
    Call {
        path: path_of(request.match_info(), pattern),
        parameters: parameters(&request),
        request,
        principal,
        body: body.map(|body| body.bytes().clone()).unwrap_or_default(),
        gateway: Arc::clone(gateway),
    }
}

/// The path's parameters in the order the pattern names them. The router leaves `%25`, `%2B` and `%2F`
/// as they are, so that an id with such a character could be sent and never be read.
pub(crate) fn path_of<T: dev::ResourcePath>(matched: &dev::Path<T>, pattern: &str) -> Parameters {
    let names = pattern.split('/').filter_map(|part| {
        let (name, _) = part.strip_prefix('{')?.split_once('}')?;
        Some(name)
    });
    let values = names.filter_map(|name| {
        let value = matched.get(name)?;
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        Some((name.to_owned(), value))
    });
    Parameters(values.collect())
}
