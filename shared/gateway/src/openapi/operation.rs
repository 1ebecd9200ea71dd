//! One operation per route.

use http::problem::Document;
use kernel::route::{
    CallerRoute, CommandRoute, IdFrom, Method, Parameter, PublicRoute, QuestionRoute, WaitsFor,
    schema_of,
};
use pipeline::{CommandReport, ContextSlice, ViewSlice};
use serde_json::{Map, Value, json};

use super::components::Components;
use super::{Body, problems, tag, verb};
use crate::table::{AS_OF, CURSOR, LIMIT, freshness, parameters_of};

/// Paths with their operations.
pub(super) struct Operations<'c> {
    components: &'c mut Components,
    problem: Value,
    report: Value,
    paths: Map<String, Value>,
}

impl<'c> Operations<'c> {
    pub(super) fn new(components: &'c mut Components) -> Self {
        let problem = components.answer("platform", schema_of::<Document<'static>>);
        let report = components.answer("platform", schema_of::<CommandReport>);
        Self {
            components,
            problem,
            report,
            paths: Map::new(),
        }
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.paths
    }

    pub(super) fn command(
        &mut self,
        context: &ContextSlice,
        route: &CommandRoute,
        name: &str,
        body: Body,
    ) {
        let suffix = match route.id {
            IdFrom::Path => "",
            IdFrom::Body(_) => ".new",
        };
        let component = format!("{}.{}{suffix}", context.name, route.command);
        let schema = self.components.named(&component, body.schema);
        let mut content = json!({ "schema": schema });
        if let Some(example) = body.example {
            content["example"] = example;
        }
        let pending = json!({ "schema": {
            "type": "object",
            "required": ["command_id", "status"],
            "properties": {
                "command_id": { "type": "string", "format": "uuid" },
                "status": { "const": "pending" },
                "warnings": { "type": "array", "items": { "type": "string" } },
            },
        } });
        let known = |what: &str| {
            json!({
                "description": what,
                "headers": headers(&["Location", "X-Log-Position"]),
                "content": { "application/json": { "schema": self.report } },
            })
        };
        let mut responses = problems::responses(
            &[context.codes, problems::BODY, problems::COMMAND],
            &self.problem,
        );
        responses.insert("200".to_owned(), known("decided"));
        responses.insert(
            "201".to_owned(),
            known("decided, and the first events of a new aggregate"),
        );
        let pending = json!({
            "description": "durable; the outcome is at `Location`",
            "headers": headers(&["Location"]),
            "content": { "application/json": pending },
        });
        responses.insert("202".to_owned(), pending);
        let mut parameters = self.path_parameters(route.path);
        parameters.extend(COMMAND_HEADERS.iter().map(header_parameter));
        let operation = json!({
            "operationId": name,
            "summary": sentence(route.summary),
            "description": format!(
                "Command `{}`. Permission `{}`. {}", route.command, route.allow, waits(route.waits_for)
            ),
            "tags": [tag(route.path)],
            "parameters": parameters,
            "requestBody": { "required": true, "content": { "application/json": content } },
            "responses": responses,
            "x-permission": route.allow.to_string(),
            "x-critical": route.critical,
        });
        self.insert(route.path, "post", operation);
    }

    pub(super) fn view(&mut self, view: &ViewSlice) {
        let value = self.components.answer(view.of, view.schema);
        let (one, route) = ([&[AS_OF], view.parameters].concat(), view.route);
        let description = format!(
            "View `{}` of {}. Permission `{}`.",
            view.id.name, view.of, route.allow
        );
        let mut parameters = self.path_parameters(route.path);
        parameters.extend(self.query_parameters(view.of, &one));
        parameters.extend(READ_HEADERS.iter().map(header_parameter));
        let mut responses = problems::responses(&[problems::READ], &self.problem);
        let answer = json!({
            "description": "as of the log position in `X-Log-Position`",
            "headers": headers(&["ETag", "X-Log-Position", "X-As-Of", "Age", "X-Degraded"]),
            "content": { "application/json": { "schema": value } },
        });
        responses.insert("200".to_owned(), answer);
        let unchanged = json!({ "description": "`If-None-Match` names the current version" });
        responses.insert("304".to_owned(), unchanged);
        let operation = json!({
            "operationId": format!("get_{}", view.id.name),
            "summary": sentence(route.summary),
            "description": description,
            "tags": [tag(route.path)],
            "parameters": parameters,
            "responses": responses,
            "x-permission": route.allow.to_string(),
        });
        self.insert(route.path, "get", operation);
        let page = json!({
            "type": "object",
            "required": ["items", "next", "whole"],
            "properties": {
                "items": { "type": "array", "items": value },
                "next": { "type": ["string", "null"], "description": "the cursor of the next page" },
                "whole": { "type": "boolean", "description": "whether nothing can be missing" },
            },
        });
        let list = [&[LIMIT, CURSOR], view.filters].concat();
        let mut responses = problems::responses(&[], &self.problem);
        let answer = json!({
            "description": "a page, by key",
            "headers": headers(&["Link", "Age", "X-Degraded"]),
            "content": { "application/json": { "schema": page } },
        });
        responses.insert("200".to_owned(), answer);
        let operation = json!({
            "operationId": format!("list_{}", tag(route.list)),
            "summary": format!("A page of {}.", tag(route.list)),
            "description": description,
            "tags": [tag(route.list)],
            "parameters": self.query_parameters(view.of, &list),
            "responses": responses,
            "x-permission": route.allow.to_string(),
        });
        self.insert(route.list, "get", operation);
    }

    pub(super) fn question(&mut self, question: &QuestionRoute) {
        let owner = tag(question.path);
        let answer = self.components.answer(owner, question.answer);
        let mut parameters = self.path_parameters(question.path);
        parameters.extend(self.query_parameters(owner, &parameters_of(question)));
        let body: &[_] = if question.body.is_some() {
            problems::BODY
        } else {
            &[]
        };
        let mut responses =
            problems::responses(&[problems::READ, body, question.codes], &self.problem);
        let answer = json!({
            "description": freshness(question.from),
            "headers": headers(&["Age"]),
            "content": { "application/json": { "schema": answer } },
        });
        responses.insert("200".to_owned(), answer);
        let mut operation = json!({
            "operationId": question.name,
            "summary": sentence(question.summary),
            "description": format!(
                "Permission `{}`. {}", question.allow, waits(question.waits_for)
            ),
            "tags": [owner],
            "parameters": parameters,
            "responses": responses,
            "x-permission": question.allow.to_string(),
        });
        if let Some(body) = question.body {
            let schema = self.components.body(owner, body);
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        self.insert(question.path, verb(question.method), operation);
    }

    pub(super) fn caller(&mut self, route: &CallerRoute) {
        let owner = tag(route.path);
        let answer = self.components.answer(owner, route.answer);
        let mut responses = problems::responses(&[], &self.problem);
        let answer = json!({
            "description": route.summary,
            "content": { "application/json": { "schema": answer } },
        });
        responses.insert("200".to_owned(), answer);
        let operation = json!({
            "operationId": route.name,
            "summary": sentence(route.summary),
            "description": "Needs no permission.",
            "tags": [owner],
            "parameters": [],
            "responses": responses,
        });
        self.insert(route.path, verb(route.method), operation);
    }

    pub(super) fn public(&mut self, page: &PublicRoute) {
        let path = page.path.strip_suffix('*').unwrap_or(page.path);
        let mut parameters = self.path_parameters(path);
        parameters.extend(self.query_parameters("platform", page.parameters));
        let mut operation = json!({
            "operationId": page.name,
            "summary": sentence(page.summary),
            "description": "Needs no token.",
            "tags": ["platform"],
            "security": [],
            "parameters": parameters,
            "responses": {
                "404": problem(&self.problem, "NOT_FOUND"),
                "503": problem(&self.problem, "not ready"),
            },
        });
        if page.method == Method::Post {
            let form = json!({ "schema": { "type": "object" } });
            let content = json!({ "application/x-www-form-urlencoded": form });
            operation["requestBody"] = json!({ "required": true, "content": content });
            operation["responses"] = problems::these(page.codes, &self.problem).into();
        }
        operation["responses"][page.status.to_string()] = json!({ "description": page.summary });
        self.insert(path, verb(page.method), operation);
    }

    pub(super) fn problem(&self) -> &Value {
        &self.problem
    }

    pub(super) fn insert(&mut self, path: &str, method: &str, operation: Value) {
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = operation;
    }

    fn path_parameters(&self, path: &str) -> Vec<Value> {
        let names = path.split('{').skip(1);
        let names = names.filter_map(|rest| rest.split('}').next());
        names
            .map(|name| {
                json!({
                    "name": name,
                    "in": "path",
                    "required": true,
                    "description": format!("percent-encoded {}", name.replace('_', " ")),
                    "schema": { "type": "string", "minLength": 1 },
                })
            })
            .collect()
    }

    pub(super) fn query_parameters(&mut self, owner: &str, parameters: &[Parameter]) -> Vec<Value> {
        let parameters = parameters.iter().map(|parameter| {
            json!({
                "name": parameter.name,
                "in": "query",
                "description": sentence(parameter.summary),
                "schema": self.components.body(owner, parameter.schema),
            })
        });
        parameters.collect()
    }
}

fn problem(problem: &Value, description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": problem } },
    })
}

/// A request header, by name.
pub(super) struct HeaderParameter {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) example: &'static str,
}

const COMMAND_HEADERS: &[HeaderParameter] = &[
    HeaderParameter {
        name: "Idempotency-Key",
        summary: "the key of this command; sent again, it gets the first answer",
        example: "order-4711",
    },
    HeaderParameter {
        name: "Prefer",
        summary: "how many seconds to wait for the outcome, 30 at most",
        example: "wait=5",
    },
    HeaderParameter {
        name: "If-Match",
        summary: "the version that the aggregate must have",
        example: "\"3\"",
    },
    HeaderParameter {
        name: "Correlation-Id",
        summary: "the id that connects commands of one business operation",
        example: "desk-7",
    },
];

const READ_HEADERS: &[HeaderParameter] = &[
    HeaderParameter {
        name: "Min-Log-Position",
        summary: "the log position that the answer must include",
        example: "trades-3:1042",
    },
    HeaderParameter {
        name: "If-None-Match",
        summary: "the version that the caller has",
        example: "\"3\"",
    },
    HeaderParameter {
        name: "Cache-Control",
        summary: "`max-age=N`: how many seconds old the answer may be",
        example: "max-age=5",
    },
];

pub(super) fn header_parameter(header: &HeaderParameter) -> Value {
    json!({
        "name": header.name,
        "in": "header",
        "required": false,
        "description": sentence(header.summary),
        "schema": { "type": "string" },
        "example": header.example,
    })
}

fn headers(names: &[&str]) -> Value {
    let headers = names.iter().map(|name| {
        let description = match *name {
            "Location" => "where the outcome is read",
            "X-Log-Position" => "the log position of the last event included",
            "X-As-Of" => "the time of the last event included",
            "ETag" => "the version",
            "Age" => "seconds since the answer was known to be current, at most",
            "X-Degraded" => "the stores that should have answered and did not",
            _ => "the next page",
        };
        let header = json!({ "description": description, "schema": { "type": "string" } });
        ((*name).to_owned(), header)
    });
    Value::Object(headers.collect())
}

fn waits(waits: WaitsFor) -> String {
    match waits {
        WaitsFor::Log => "Answered when the command is durable.".to_owned(),
        WaitsFor::Decision(why) => format!("Answered when it is decided: {why}."),
    }
}

/// A summary as a sentence.
pub(super) fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
