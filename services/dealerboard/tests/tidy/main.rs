//! The house style, as far as a machine can hold to it.

mod contexts;
mod grammar;
mod metrics;
mod walls;

use std::fs;
use std::path::{Path, PathBuf};

/// Lines a file may have; longer ones are split along an idea.
const LINES_MAX: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the checkout can be read")
}

/// Every file below a folder that ends so, build output left out.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the checkout can be read") {
        let path = entry.expect("the checkout can be read").path();
        let name = path
            .file_name()
            .expect("the checkout can be read")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["services", "shared", "load-tests"] {
        files(&root().join(folder), ".rs", &mut found);
    }
    found
}

fn crates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["services", "shared"] {
        for entry in fs::read_dir(root().join(folder)).expect("the checkout can be read") {
            found.push(entry.expect("the checkout can be read").path());
        }
    }
    found.push(root().join("load-tests"));
    found
}

fn nothing(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_crate_inherits_the_lints() {
    let found: Vec<_> = crates()
        .into_iter()
        .filter(|path| {
            let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
            !manifest.contains("[lints]\nworkspace = true")
        })
        .map(|path| format!("{} has lints of its own", path.display()))
        .collect();
    nothing(&found);
}

#[test]
fn files_are_named_for_what_is_in_them() {
    let vague = [
        "utils", "util", "helpers", "helper", "common", "types", "manager", "misc",
    ];
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|path| {
            path.iter()
                .any(|part| vague.contains(&part.to_string_lossy().trim_end_matches(".rs")))
        })
        .map(|path| format!("{} says nothing", path.display()))
        .collect();
    nothing(&found);
}

#[test]
fn files_are_short() {
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|path| {
            !path
                .iter()
                .any(|part| part == "tests" || part == "tests.rs")
        })
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > LINES_MAX).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    nothing(&found);
}

#[test]
fn roots_of_crates_are_indexes() {
    let mut found = Vec::new();
    for path in sources()
        .into_iter()
        .filter(|path| path.ends_with("src/lib.rs"))
    {
        let text = fs::read_to_string(&path).unwrap();
        let intro = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        if !(1..=15).contains(&intro) {
            found.push(format!(
                "{} has {intro} lines of introduction",
                path.display()
            ));
        }
        let is_code = |line: &&str| line.starts_with("fn ") || line.starts_with("impl");
        if text.lines().any(|line| is_code(&line)) {
            found.push(format!("{} holds code", path.display()));
        }
    }
    nothing(&found);
}

#[test]
fn every_error_page_is_of_a_code_that_exists() {
    let mut code = String::new();
    for path in sources() {
        code.push_str(&fs::read_to_string(path).unwrap());
    }
    let mut pages = Vec::new();
    files(&root().join("docs/errors"), ".md", &mut pages);
    assert!(!pages.is_empty());
    let found: Vec<_> = pages
        .iter()
        .map(|page| page.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !code.contains(&format!("\"{name}\"")))
        .map(|name| format!("docs/errors/{name}.md explains a code that nothing gives"))
        .collect();
    nothing(&found);
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    pages.push(root().join("CONTRIBUTING.md"));
    for folder in ["docs", "changelog.d"] {
        files(&root().join(folder), ".md", &mut pages);
    }
    let mut found = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            let outside = file.is_empty() || file.contains("://") || file.starts_with('/');
            if !outside && !page.parent().unwrap().join(file).exists() {
                found.push(format!(
                    "{} links to {link}, which is not there",
                    page.display()
                ));
            }
        }
    }
    nothing(&found);
}
