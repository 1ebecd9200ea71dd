//! The page that lists every route: what it needs, when it is answered, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kernel::Permission;
use kernel::route::{IdFrom, WaitsFor};

use crate::table::{Table, freshness, parameters_of};

/// `docs/routes.md` of a table.
#[must_use]
pub fn routes_page(table: &Table) -> String {
    let mut page = HEAD.to_owned();
    commands(table, &mut page);
    views(table, &mut page);
    questions(table, &mut page);
    streams(table, &mut page);
    public(table, &mut page);
    waiting(table, &mut page);
    permissions(table, &mut page);
    page
}

const HEAD: &str = "# Routes\n\nMade from the route table by `dealerboard schemas --write`; \
    `/openapi.json` has the schemas, `/explorer/` a page to try them.\n\n\
    A `POST` to a noun adds to what the noun names (`/fills`, `/messages`) or sets it (`/presence`, \
    `/capacity`). A command without such a noun is its name behind a colon: \
    `POST /v1/conversations/V-1:take`.\n";

const COMMAND_IS_ASYNC: &str = "the command is durable, and its outcome comes from the aggregate in \
    its turn; `Prefer: wait=N` waits for it";

fn commands(table: &Table, page: &mut String) {
    for context in &table.slices.contexts {
        if context.commands.is_empty() {
            continue;
        }
        line(page, &format!("\n## Commands of {}\n", context.name));
        line(page, "| Route | Command | Permission | |");
        line(page, "|---|---|---|---|");
        for route in context.commands {
            let id = match route.id {
                IdFrom::Path => String::new(),
                IdFrom::Body(fields) => format!("; the id is yours: `{}`", fields.join("`, `")),
            };
            let critical = if route.critical { "; critical" } else { "" };
            line(
                page,
                &format!(
                    "| `POST {}` | {} | `{}` | {}{id}{critical} |",
                    route.path, route.command, route.allow, route.summary
                ),
            );
        }
    }
}

fn views(table: &Table, page: &mut String) {
    line(page, "\n## Views\n");
    line(page, "| Route | Parameters | Permission | |");
    line(page, "|---|---|---|---|");
    for view in table.views() {
        let named = |parameters: &[kernel::route::Parameter], own: &[&str]| {
            let names = parameters.iter().map(|parameter| parameter.name);
            let names: Vec<_> = own.iter().copied().chain(names).collect();
            format!("`{}`", names.join("` `"))
        };
        let (route, allow) = (view.route, view.route.allow);
        let parameters = named(view.parameters, &["as_of"]);
        let row = format!(
            "| `GET {}` | {parameters} | `{allow}` | {} |",
            route.path, route.summary
        );
        line(page, &row);
        let filters = named(view.filters, &["limit", "cursor"]);
        let row = format!(
            "| `GET {}` | {filters} | `{allow}` | a page of them, by key |",
            route.list
        );
        line(page, &row);
    }
}

fn questions(table: &Table, page: &mut String) {
    line(page, "\n## Questions\n");
    line(
        page,
        "| Route | Parameters | Permission | | Answered from |",
    );
    line(page, "|---|---|---|---|---|");
    for question in &table.questions {
        let parameters = parameters_of(question);
        let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
        let names = match names.as_slice() {
            [] => String::new(),
            names => format!("`{}`", names.join("` `")),
        };
        let row = format!(
            "| `{} {}` | {names} | `{}` | {} | {} |",
            question.method.name(),
            question.path,
            question.allow,
            question.summary,
            freshness(question.from)
        );
        line(page, &row);
    }
}

fn streams(table: &Table, page: &mut String) {
    line(page, "\n## Live streams\n");
    line(page, "| Route | Parameters | |");
    line(page, "|---|---|---|");
    for stream in &table.streams {
        let parameters = table.parameters_of_stream(stream);
        let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
        let row = format!(
            "| `GET {}` | `{}` | {} |",
            stream.path,
            names.join("` `"),
            stream.summary
        );
        line(page, &row);
    }
    let views = table.views().map(|view| format!("`{}`", view.live.name));
    let views: Vec<_> = views.collect();
    let sentence = format!(
        "\nViews are {}; each needs the permission of its list. [live.md](live.md) has a recipe.",
        views.join(", ")
    );
    line(page, &sentence);
}

fn public(table: &Table, page: &mut String) {
    line(page, "\n## Without a token\n");
    line(page, "| Route | |");
    line(page, "|---|---|");
    for public in &table.public {
        let verb = public.method.name();
        line(
            page,
            &format!("| `{verb} {}` | {} |", public.path, public.summary),
        );
    }
    line(page, "\n## About the caller\n");
    line(
        page,
        "These need a token or a session, and no permission.\n",
    );
    line(page, "| Route | |");
    line(page, "|---|---|");
    for route in &table.callers {
        let verb = route.method.name();
        line(
            page,
            &format!("| `{verb} {}` | {} |", route.path, route.summary),
        );
    }
}

fn waiting(table: &Table, page: &mut String) {
    line(page, "\n## Synchronous or asynchronous, and why\n");
    line(page, "| Routes | | Why |");
    line(page, "|---|---|---|");
    line(
        page,
        &format!("| commands | asynchronous, `202` | {COMMAND_IS_ASYNC} |"),
    );
    line(
        page,
        "| views | synchronous | they are folded before they are asked; `Min-Log-Position` waits for a \
         write of the caller's own |",
    );
    for (_, route) in table.commands() {
        if let WaitsFor::Decision(why) = route.waits_for {
            line(
                page,
                &format!("| `POST {}` | synchronous | {why} |", route.path),
            );
        }
    }
    for question in &table.questions {
        let (why, when) = match question.waits_for {
            WaitsFor::Decision(why) => (why, "synchronous"),
            WaitsFor::Log => (COMMAND_IS_ASYNC, "asynchronous"),
        };
        let (verb, path) = (question.method.name(), question.path);
        line(page, &format!("| `{verb} {path}` | {when} | {why} |"));
    }
}

/// The skeleton of the authorisation matrix: which routes a permission opens.
fn permissions(table: &Table, page: &mut String) {
    let mut opened: BTreeMap<Permission, Vec<String>> = BTreeMap::new();
    let mut open = |allow, route: String| opened.entry(allow).or_default().push(route);
    for (_, route) in table.commands() {
        open(route.allow, format!("`POST {}`", route.path));
    }
    for view in table.views() {
        open(view.route.allow, format!("`GET {}`", view.route.path));
        open(view.route.allow, format!("`GET {}`", view.route.list));
        for stream in &table.streams {
            let route = format!("`GET {}?view={}`", stream.path, view.live.name);
            open(view.route.allow, route);
        }
    }
    for question in &table.questions {
        open(
            question.allow,
            format!("`{} {}`", question.method.name(), question.path),
        );
    }
    line(page, "\n## Permissions\n");
    line(page, "| Permission | Routes |");
    line(page, "|---|---|");
    for (permission, routes) in opened {
        line(
            page,
            &format!("| `{permission}` | {} |", routes.join("<br>")),
        );
    }
}

pub(crate) fn line(page: &mut String, line: &str) {
    writeln!(page, "{line}").expect("writing to a string cannot fail");
}
