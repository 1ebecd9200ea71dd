//! Every context has a page that names all there is to send it and to hear from it.

use std::collections::BTreeSet;
use std::fs;

use super::{files, nothing, root};

/// Folders of `schemas`, and the page of each.
const PAGES: [(&str, &str); 9] = [
    ("agents", "agents"),
    ("conversations", "conversations"),
    ("queues", "routing"),
    ("decisions", "routing"),
    ("trades", "trades"),
    ("positions", "positions"),
    ("members", "members"),
    ("tenants", "tenants"),
    ("operations", "operations"),
];

/// Names of what a folder has schemas of.
fn names(folder: &str, kind: &str) -> BTreeSet<String> {
    let folder = root().join("schemas").join(folder).join(kind);
    let schemas = fs::read_dir(folder).expect("the schemas can be read");
    let mut names = BTreeSet::new();
    for schema in schemas {
        let file = schema.expect("the schemas can be read").file_name();
        if let Some((name, _)) = file.to_string_lossy().split_once(".v") {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn every_command_and_event_stands_on_the_page_of_its_context() {
    let mut found = Vec::new();
    for (folder, page) in PAGES {
        let page = format!("docs/contexts/{page}.md");
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for kind in ["commands", "events"] {
            let names = names(folder, kind);
            assert!(!names.is_empty(), "{folder} has no {kind}");
            let missing = names
                .iter()
                .filter(|name| !text.contains(&format!("`{name}`")));
            found.extend(missing.map(|name| format!("{page} does not name {name}")));
        }
    }
    nothing(&found);
}

#[test]
fn every_folder_of_schemas_has_a_page() {
    let known: BTreeSet<_> = PAGES
        .iter()
        .map(|(folder, _)| (*folder).to_owned())
        .collect();
    let mut found = Vec::new();
    for folder in fs::read_dir(root().join("schemas")).unwrap() {
        let folder = folder.unwrap();
        if !folder.path().is_dir() {
            continue;
        }
        let name = folder.file_name().to_string_lossy().into_owned();
        // What all commands and events are wrapped in is of no context.
        if name != "envelope" && !known.contains(&name) {
            found.push(format!("schemas/{name} has no page in docs/contexts"));
        }
    }
    nothing(&found);
}

#[test]
fn every_page_of_a_context_can_be_found() {
    let map = ["README.md", "ARCHITECTURE.md"]
        .map(|page| fs::read_to_string(root().join(page)).unwrap())
        .concat();
    let mut pages = Vec::new();
    files(&root().join("docs/contexts"), ".md", &mut pages);
    let found: Vec<_> = pages
        .iter()
        .map(|page| page.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !map.contains(&format!("docs/contexts/{name}")))
        .map(|name| format!("nothing links to docs/contexts/{name}"))
        .collect();
    nothing(&found);
}
