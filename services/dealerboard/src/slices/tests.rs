use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{OPENAPI, schemas, table};
use crate::documents;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn assert_none<T: ToString>(found: &[T]) {
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A changed file is refused unless producers and readers of every stored version still fit.
#[test]
fn committed_schemas_are_those_of_the_types() {
    let (directory, catalogue) = (root().join("schemas"), schemas());
    assert_none(&catalogue.check(&directory).unwrap());
    assert_none(&catalogue.golden_check(&directory).unwrap());
}

/// `dealerboard schemas --write` writes both.
#[test]
fn committed_documents_are_those_of_the_route_table() {
    let openapi = documents::openapi(&root().join("schemas"));
    let openapi = openapi.unwrap();
    assert!(
        openapi.as_bytes() == OPENAPI,
        "schemas/openapi.json is not of this route table"
    );
    let page = std::fs::read_to_string(root().join("docs/routes.md")).unwrap();
    assert!(
        page == documents::routes(),
        "docs/routes.md is not of this route table"
    );
    let page = std::fs::read_to_string(root().join("docs/access-matrix.md")).unwrap();
    assert!(
        page == documents::access_matrix().unwrap(),
        "docs/access-matrix.md is not of this route table and these policies"
    );
}

#[test]
fn every_route_has_one_name_and_a_permission_of_the_list() {
    const KNOWN: &str = "trades:book trades:fill trades:correct trades:read positions:read \
        positions:adjust agents:read agents:self agents:manage conversations:read \
        conversations:work conversations:supervise queues:read queues:configure match:ask \
        figures:read commands:read members:read members:manage tenants:read \
         tenants:manage operations:read operations:act";
    let known: BTreeSet<String> = KNOWN.split_whitespace().map(str::to_owned).collect();
    let declared: BTreeSet<_> = table()
        .permissions()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(declared, known);
    let document: serde_json::Value = serde_json::from_slice(OPENAPI).unwrap();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} of {path} is taken");
        }
    }
}
