//! Text that is no policy for this platform.

use crate::parse;

fn faults(text: &str) -> Vec<(Option<usize>, String)> {
    let bad = parse(text).map(|_| ()).unwrap_err();
    let faults = bad.0.into_iter();
    faults.map(|fault| (fault.line, fault.reason)).collect()
}

#[test]
fn unknown_names_are_told_with_their_lines() {
    let text = "permit (principal, action == Action::\"trades:bok\", resource);\n\
        permit (principal, action, resource) when { principal.desk == \"FX\" };\n\
        permit (principal in Team::\"fx\", action, resource);\n";
    let found = faults(text);
    for (line, name) in [(1, "trades:bok"), (2, "desk"), (3, "Team")] {
        let is_told = found
            .iter()
            .any(|(at, reason)| *at == Some(line) && reason.contains(name));
        assert!(is_told, "{name}: {found:?}");
    }
}

#[test]
fn attribute_that_may_be_absent_has_to_be_asked_for_first() {
    let text = "permit (principal, action, resource) when { resource.book == \"FX\" };";
    assert!(faults(text)[0].1.contains("book"), "{:?}", faults(text));
}

#[test]
fn text_that_is_not_cedar_is_told_with_its_line() {
    let found = faults("permit (principal, action, resource);\n\nallow everything;\n");
    assert_eq!(found[0].0, Some(3), "{found:?}");
}

#[test]
fn template_is_refused() {
    let found = faults("permit (principal == ?principal, action, resource);");
    assert!(found[0].1.contains("template"), "{found:?}");
}

#[test]
fn nothing_at_all_is_valid_and_allows_nothing() {
    assert!(parse("").is_ok());
}
