//! A member as it is read, and as gateways know it.

use kernel::context::Folded;
use kernel::{LiveProjection, Subject};

use super::*;
use crate::directory::Directory;

fn all() -> Vec<MemberEvent> {
    vec![
        granted(&["risk", "trader"]),
        withdrawn(&["risk"]),
        limited(&["FX", "EQ"], 100),
        revoked(after(-5)),
    ]
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    for (sequence, event) in (1..).zip(all()) {
        directory.fold(0, &meta(sequence), Folded::Event(event));
    }
    directory
}

fn dan(books: Option<&[&str]>, ceiling: Option<i64>) -> Subject {
    let (tenant, actor) = ("demo".parse().unwrap(), DAN.parse().unwrap());
    let mut dan = Subject::person(tenant, actor, vec!["sales".parse().unwrap()]);
    dan.books = books.map(|books| books.iter().map(|book| (*book).into()).collect());
    dan.ceiling = ceiling;
    dan
}

#[test]
fn view_is_what_the_events_say() {
    let mut view = MemberView::default();
    for (sequence, event) in (1..).zip(all()) {
        view.update(&meta(sequence), &event);
    }
    let member = view.0.unwrap();
    assert_eq!(member.member_id.as_str(), DAN);
    assert_eq!(member.roles, roles(&["risk"]));
    assert_eq!(member.limits.ceiling, Some(100));
    assert_eq!(member.tokens_revoked_before, Some(after(-5)));
    assert_eq!((member.version, member.updated_at), (4, after(4)));
}

#[test]
fn token_is_completed_by_what_was_granted_within_the_limits_of_both() {
    let directory = directory();
    let subject = dan(None, None);
    let known = directory.known(&subject.tenant, &subject.actor).unwrap();
    let completed = known.complete(&subject);
    let names: Vec<_> = completed.roles.iter().map(Role::as_str).collect();
    assert_eq!(names, ["sales", "risk"]);
    assert_eq!(completed.books.unwrap().len(), 2);
    assert_eq!(completed.ceiling, Some(100));
    assert_eq!(completed.accounts, None);

    let narrow = known.complete(&dan(Some(&["FX", "RATES"]), Some(7)));
    assert_eq!(narrow.books, Some(["FX".into()].into()));
    assert_eq!(narrow.ceiling, Some(7));
    assert!(
        known
            .complete(&dan(Some(&["RATES"]), None))
            .books
            .unwrap()
            .is_empty()
    );

    assert!(known.has_revoked(after(-6)) && !known.has_revoked(after(-5)));
    assert!(
        directory
            .known(&"acme".parse().unwrap(), &subject.actor)
            .is_none()
    );
}

#[test]
fn snapshot_is_the_directory() {
    let kept = serde_json::to_vec(&directory().keep()).unwrap();
    let restored = Directory::restored(serde_json::from_slice(&kept).unwrap());
    assert_eq!(serde_json::to_vec(&restored.keep()).unwrap(), kept);
    let subject = dan(None, None);
    assert!(restored.known(&subject.tenant, &subject.actor).is_some());
}
