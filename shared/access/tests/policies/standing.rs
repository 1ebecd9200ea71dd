//! What is known before the thing is, and what its facts decide.

use kernel::{Access, Facts, Standing};

use crate::{BOOK, READ, ann, of_book, parse};

const LIMITED: &str = r#"
@id("trader")
permit (principal in Role::"trader", action in [Action::"trades:book", Action::"read"], resource);
@id("books")
forbid (principal, action, resource) when { principal has books }
unless { resource has book && principal.books.contains(resource.book) };
"#;

#[test]
fn without_a_role_everything_is_denied() {
    let policies = parse(LIMITED).unwrap();
    assert_eq!(policies.standing(&ann(&[]), BOOK), Standing::Denied);
    let verdict = policies.decide(&ann(&["clerk"]), BOOK, &of_book("FX"));
    assert!(!verdict.allowed && verdict.by.is_empty());
}

#[test]
fn caller_without_a_limit_is_not_asked_about_the_thing() {
    let policies = parse(LIMITED).unwrap();
    let trader = ann(&["trader"]);
    assert_eq!(policies.standing(&trader, BOOK), Standing::Allowed);
    assert_eq!(policies.standing(&trader, READ), Standing::Allowed);
}

#[test]
fn limit_is_decided_by_the_facts_and_names_its_policy() {
    let policies = parse(LIMITED).unwrap();
    let mut trader = ann(&["trader"]);
    trader.books = Some(["FX".into()].into());
    assert_eq!(policies.standing(&trader, BOOK), Standing::Depends);
    assert!(policies.decide(&trader, BOOK, &of_book("FX")).allowed);
    for facts in [of_book("EQ"), Facts::default()] {
        let verdict = policies.decide(&trader, BOOK, &facts);
        assert!(!verdict.allowed);
        assert_eq!(verdict.by, ["books"]);
    }
}

#[test]
fn thing_in_a_policys_scope_counts_as_asked_about() {
    let text = "permit (principal, action, resource == Resource::\"it\");";
    let standing = parse(text).unwrap().standing(&ann(&[]), BOOK);
    assert_eq!(standing, Standing::Depends);
}

#[test]
fn forbidding_without_a_look_at_the_thing_denies_at_once() {
    let text = r#"permit (principal, action, resource);
        forbid (principal, action, resource) when { principal.kind == "person" };"#;
    let policies = parse(text).unwrap();
    assert_eq!(policies.standing(&ann(&[]), BOOK), Standing::Denied);
    let mut machine = ann(&[]);
    machine.kind = kernel::SubjectKind::Service;
    assert_eq!(policies.standing(&machine, BOOK), Standing::Allowed);
}

/// Cedar leaves out a policy that fails while it is evaluated; of one that forbids, that would allow.
#[test]
fn policy_that_cannot_be_evaluated_denies() {
    let text = r#"permit (principal, action, resource);
        forbid (principal, action, resource)
        when { resource has amount && resource.amount * 2 > 10 };"#;
    let policies = parse(text).unwrap();
    let of = |amount| Facts {
        amount: Some(amount),
        ..Facts::default()
    };
    assert!(policies.decide(&ann(&[]), BOOK, &of(5)).allowed);
    assert!(!policies.decide(&ann(&[]), BOOK, &of(6)).allowed);
    assert!(!policies.decide(&ann(&[]), BOOK, &of(i64::MAX)).allowed);
}

#[test]
fn version_changes_with_the_text() {
    let version = |text: &str| parse(text).unwrap().version().to_owned();
    assert_eq!(version(LIMITED), version(LIMITED));
    assert_ne!(
        version(LIMITED),
        version(&LIMITED.replace("trader", "clerk"))
    );
    assert_eq!(version("").len(), 12);
}
