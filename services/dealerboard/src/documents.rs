//! Documents that are made from the route table: the OpenAPI document, and the page of routes.

use std::fs;
use std::path::Path;

use kernel::Role;
use schemas::ShapeId;
use serde_json::Value;

use crate::ports::{ROLES, policies};
use crate::slices;

/// The OpenAPI document, with examples from the golden values of the folder of schemas.
///
/// # Errors
/// A golden value cannot be read.
pub fn openapi(schemas: &Path) -> anyhow::Result<String> {
    let example = |id: &ShapeId| -> Option<Value> {
        let (folder, name, version) = (id.kind.folder(), &id.name, id.version);
        let file = format!("{}/{folder}/golden/{name}.v{version}.json", id.context);
        serde_json::from_slice(&fs::read(schemas.join(file)).ok()?).ok()
    };
    let document = gateway::document(&slices::table(), &slices::schemas(), &example);
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// `docs/access-matrix.md`: the shipped policies over every route.
///
/// # Errors
/// The shipped policies are not valid.
pub fn access_matrix() -> anyhow::Result<String> {
    let policies = policies("".as_ref())?;
    let roles: Result<Vec<_>, _> = ROLES.iter().map(|role| Role::new(role)).collect();
    Ok(gateway::matrix_page(&slices::table(), &*policies, &roles?))
}

/// `docs/routes.md`.
#[must_use]
pub fn routes() -> String {
    gateway::routes_page(&slices::table())
}
