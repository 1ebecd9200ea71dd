//! The operation of a stream of changes.

use kernel::route::StreamRoute;
use serde_json::json;

use super::operation::{HeaderParameter, Operations, header_parameter, sentence};
use super::{problems, tag};
use crate::table::Table;

const LAST_EVENT_ID: HeaderParameter = HeaderParameter {
    name: "Last-Event-ID",
    summary: "the id of the last frame received: the stream continues behind it",
    example: "AQ",
};

impl Operations<'_> {
    pub(super) fn stream(&mut self, table: &Table, route: &StreamRoute) {
        let owner = tag(route.path);
        let mut parameters = self.query_parameters(owner, &table.parameters_of_stream(route));
        parameters.push(header_parameter(&LAST_EVENT_ID));
        let views = table.views().map(|view| view.live.name);
        if let Some(view) = parameters.first_mut() {
            let names: Vec<_> = views.collect();
            view["required"] = true.into();
            view["schema"] = json!({ "type": "array", "items": { "enum": names }, "minItems": 1 });
        }
        let needs = table.views().map(|view| {
            let (name, allow) = (view.live.name, view.route.allow);
            format!("`{allow}` for `{name}`")
        });
        let needs: Vec<_> = needs.collect();
        let mut responses = problems::responses(&[problems::LIVE], self.problem());
        let answer = json!({
            "description": "frames as they come: `event` is the view or one of `hello`, `reset`, `end`, \
                `id` where to resume, `data` the value as its `GET` answers it",
            "content": { "text/event-stream": { "schema": { "type": "string" } } },
        });
        responses.insert("200".to_owned(), answer);
        let operation = json!({
            "operationId": route.name,
            "summary": sentence(route.summary),
            "description": format!("Permissions: {}.", needs.join(", ")),
            "tags": [owner],
            "parameters": parameters,
            "responses": responses,
        });
        self.insert(route.path, "get", operation);
    }
}
