//! The OpenAPI 3.1 document of the route table.

mod components;
mod operation;
mod problems;
mod stream;

use kernel::route::{CommandRoute, IdFrom, Method};
use pipeline::ContextSlice;
use schemas::{Catalogue, ShapeId};
use serde_json::{Map, Value, json};

use crate::table::Table;
use components::Components;
use operation::Operations;

/// The document: every route of the table, with bodies from the catalogue and examples from the golden
/// values that `example` finds.
#[must_use]
pub fn document(
    table: &Table,
    catalogue: &Catalogue,
    example: &dyn Fn(&ShapeId) -> Option<Value>,
) -> Value {
    let mut components = Components::default();
    let mut operations = Operations::new(&mut components);
    for (context, route) in table.commands() {
        let body = body(&context, &route, catalogue, example);
        let name = command_name(table, &context, &route);
        operations.command(&context, &route, &name, body);
    }
    for view in table.views() {
        operations.view(&view);
    }
    for question in &table.questions {
        operations.question(question);
    }
    for route in &table.callers {
        operations.caller(route);
    }
    for stream in &table.streams {
        operations.stream(table, stream);
    }
    for page in &table.public {
        operations.public(page);
    }
    let paths = operations.finish();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Dealerboard",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Commands and queries of a dealing desk",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "contact": { "name": "Dealerboard", "url": "https://dealerboard.example" },
        },
        "servers": [{ "url": "/", "description": "the gateway that serves this document" }],
        "security": [{ "bearer": [] }, { "session": [] }],
        "tags": tags(table),
        "paths": paths,
        "components": components.finish(),
    })
}

const DESCRIPTION: &str = "Commands are accepted durably and answered with 202; their outcome is \
    read later, or waited for with `Prefer: wait=N`. Views are read synchronously, and every answer \
    says how old it may be.";

/// The body of a command, and an example.
struct Body {
    schema: Value,
    example: Option<Value>,
}

/// The committed schema of the command; with the fields that the id is taken from, where it stands in
/// the body.
fn body(
    context: &ContextSlice,
    route: &CommandRoute,
    catalogue: &Catalogue,
    example: &dyn Fn(&ShapeId) -> Option<Value>,
) -> Body {
    let mut shapes = catalogue.commands();
    let shape =
        shapes.find(|shape| shape.id.context == context.name && shape.id.name == route.command);
    let Some(shape) = shape else {
        return Body {
            schema: json!({ "type": "object" }),
            example: None,
        };
    };
    let mut schema = shape.data.clone();
    let mut example = example(&shape.id);
    if let IdFrom::Body(fields) = route.id {
        for field in fields {
            with_id(&mut schema, field);
            if let Some(Value::Object(example)) = &mut example {
                example.insert((*field).to_owned(), "EXAMPLE-1".into());
            }
        }
    }
    Body {
        schema: Value::Object(schema),
        example,
    }
}

fn with_id(schema: &mut Map<String, Value>, field: &str) {
    let id = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "description": "chosen by the caller",
    });
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert(field.to_owned(), id);
    } else {
        schema.insert("properties".to_owned(), json!({ field: id }));
    }
    match schema.get_mut("required") {
        Some(Value::Array(required)) => required.insert(0, field.into()),
        _ => drop(schema.insert("required".to_owned(), json!([field]))),
    }
}

/// Unique over all routes: the command's name, and how it is addressed where it has two routes.
fn command_name(table: &Table, context: &ContextSlice, route: &CommandRoute) -> String {
    let name = format!("{}_{}", context.name, snake(route.command));
    let routes = table
        .commands()
        .filter(|(of, other)| of.name == context.name && other.command == route.command);
    match route.id {
        IdFrom::Path if routes.count() > 1 => format!("{name}_by_id"),
        _ => name,
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn tags(table: &Table) -> Vec<Value> {
    let contexts = table.slices.contexts.iter().map(|context| context.name);
    let mut names: Vec<_> = contexts.collect();
    let questions = table.questions.iter().map(|question| tag(question.path));
    let callers = table.callers.iter().map(|route| tag(route.path));
    let streams = table.streams.iter().map(|stream| tag(stream.path));
    let platform = callers.chain(streams).chain(["platform"]);
    for name in questions.chain(platform) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| json!({ "name": name, "description": format!("Routes of {name}") }))
        .collect()
}

/// The collection of a path.
fn tag(path: &'static str) -> &'static str {
    let rest = path.strip_prefix("/v1/");
    rest.map_or("platform", |rest| {
        rest.split(['/', ':']).next().unwrap_or(rest)
    })
}

fn verb(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
    }
}
