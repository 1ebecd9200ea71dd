//! What is wrong with a body, all of it at once, by the schema that the document shows for its route.
//!
//! Only a body that its type refused comes here: one that fits costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::problem::{Place, Problem};
use kernel::code::platform;
use kernel::route::QuestionRoute;
use schemas::{BodyFault, BodySchema};
use serde_json::Value;

/// The OpenAPI document, and the schemas of the bodies that it describes.
pub struct Bodies {
    document: &'static [u8],
    parsed: OnceLock<Value>,
    /// By path, as far as they were needed.
    schemas: Mutex<HashMap<&'static str, Option<Arc<BodySchema>>>>,
}

impl Bodies {
    /// From the document of the table, as JSON.
    #[must_use]
    pub fn new(document: &'static [u8]) -> Self {
        Self {
            document,
            parsed: OnceLock::new(),
            schemas: Mutex::default(),
        }
    }

    pub(crate) fn document(&self) -> &'static [u8] {
        self.document
    }

    pub(crate) fn faults_of_question(&self, route: &QuestionRoute, body: &[u8]) -> Option<Problem> {
        self.faults(route.path, body)
    }

    /// The problem that names every fault of the body sent to `path`; none when its schema has no
    /// objection, because the type is stricter than a schema can say.
    pub(crate) fn faults(&self, path: &'static str, body: &[u8]) -> Option<Problem> {
        let body = serde_json::from_slice(body).ok()?;
        let faults = self.schema(path)?.faults(&body);
        if faults.is_empty() {
            return None;
        }
        let detail = match faults.len() {
            1 => "the body has a fault".to_owned(),
            count => format!("the body has {count} faults"),
        };
        let problem = Problem::new(platform::BODY_MALFORMED, detail);
        Some(faults.into_iter().map(place).fold(problem, Problem::with))
    }

    fn schema(&self, path: &'static str) -> Option<Arc<BodySchema>> {
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = schemas.entry(path).or_insert_with(|| self.made(path));
        schema.clone()
    }

    /// The schema of the body, with the components that it refers to beside it.
    fn made(&self, path: &str) -> Option<Arc<BodySchema>> {
        let parsed = self
            .parsed
            .get_or_init(|| serde_json::from_slice(self.document).unwrap_or_default());
        let path = path.replace('/', "~1");
        let place = format!("/paths/{path}/post/requestBody/content/application~1json/schema");
        let mut schema = parsed.pointer(&place)?.as_object()?.clone();
        schema.insert("components".to_owned(), parsed.get("components")?.clone());
        match BodySchema::new(Value::Object(schema)) {
            Ok(schema) => Some(Arc::new(schema)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, path, "the schema of a body cannot be used");
                None
            }
        }
    }
}

fn place(fault: BodyFault) -> Place {
    let BodyFault {
        pointer,
        found,
        wanted,
        values,
    } = fault;
    Place {
        detail: format!("found {found}, wanted {wanted}"),
        pointer,
        found: Some(found),
        wanted: Some(wanted),
        values,
    }
}

/// The problem of a body that its schema admits and its type refuses, in the type's own words.
pub(crate) fn unexplained(error: &serde_json::Error) -> Problem {
    let reason = error.to_string();
    // Line and column are of bytes that the caller did not send.
    let reason = match reason.rfind(" at line ") {
        Some(end) => reason[..end].to_owned(),
        None => reason,
    };
    Problem::new(platform::BODY_MALFORMED, "the body has a fault").at("", reason)
}
