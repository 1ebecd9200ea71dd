//! The installation's own key for tokens.

use std::sync::Arc;
use std::time::Duration;

use http::auth::{
    IssueError, LOCAL_ISSUER, LocalKey, LocalKeyError, Principal, Revision, TokenError, Verifier,
};
use kernel::access::SubjectKind;
use kernel::port::Clock;
use kernel::{Actor, Role, Subject, Tenant};

use crate::issuer::{AUDIENCE, Issuer, SetClock};

fn ann() -> Principal {
    let (tenant, actor) = (Tenant::new("demo").unwrap(), Actor::new("ann").unwrap());
    let mut ann = Subject::person(tenant, actor, vec![Role::new("trader").unwrap()]);
    ann.issuer = LOCAL_ISSUER.into();
    ann.into()
}

fn made() -> LocalKey {
    LocalKey::from_der(&LocalKey::generate().unwrap()).unwrap()
}

fn verifier(key: &LocalKey, audience: &str, clock: &SetClock) -> Verifier {
    let issuer = http::auth::Issuer::local(key.trusted(), audience, vec!["desk.".to_owned()]);
    Verifier::new(vec![issuer], Revision::default(), Arc::new(clock.clone()))
}

/// The bearer of a token that lasts a minute from now.
fn for_a_minute(subject: &Subject, clock: &SetClock) -> Principal {
    let now_s = clock.now().micros() / 1_000_000;
    let mut subject = subject.clone();
    subject.issued_s = Some(now_s);
    subject.expires_s = Some(now_s + 60);
    subject.into()
}

#[test]
fn all_that_is_said_of_the_bearer_is_read_again() {
    let (key, clock) = (made(), Issuer::new().clock);
    let verifier = verifier(&key, AUDIENCE, &clock);
    let mut subject = (*ann()).clone();
    subject.kind = SubjectKind::Service;
    subject.agent = "agent-7".into();
    subject.books = Some(["EQ 1".into(), "FX".into()].into());
    subject.accounts = Some([].into());
    subject.ceiling = Some(1_000_000);
    let issue = |subject: &Subject| {
        let (principal, ttl) = (subject.clone().into(), Duration::from_secs(60));
        key.issue(&principal, AUDIENCE, clock.now(), ttl).unwrap()
    };
    assert_eq!(
        verifier.verify(&issue(&subject)),
        Ok(for_a_minute(&subject, &clock))
    );
    // A name that belongs to another issuer is not given, though the key may sign anything.
    subject.actor = Actor::new("desk.ann").unwrap();
    let refused = verifier.verify(&issue(&subject));
    assert_eq!(refused, Err(TokenError::ForeignName));
}

#[test]
fn issued_token_is_taken_by_its_own_installation_only() {
    let (ours, theirs) = (made(), made());
    let clock = Issuer::new().clock;
    let token = ours
        .issue(&ann(), AUDIENCE, clock.now(), Duration::from_secs(60))
        .unwrap();
    let verifier = |key: &LocalKey, audience| verifier(key, audience, &clock).verify(&token);
    assert_eq!(verifier(&ours, AUDIENCE), Ok(for_a_minute(&ann(), &clock)));
    assert_eq!(verifier(&ours, "other"), Err(TokenError::Audience));
    assert_eq!(verifier(&theirs, AUDIENCE), Err(TokenError::UnknownKey));
}

#[test]
fn key_is_the_same_whenever_it_is_loaded_and_no_other_is() {
    let der = LocalKey::generate().unwrap();
    let (once, again) = (
        LocalKey::from_der(&der).unwrap(),
        LocalKey::from_der(&der).unwrap(),
    );
    assert_eq!(once.public(), again.public());
    assert_ne!(once.public(), made().public());
}

#[test]
fn damaged_key_is_refused() {
    let whole = LocalKey::generate().unwrap();
    for damaged in [&whole[..whole.len() / 2], b""] {
        let loaded = LocalKey::from_der(damaged);
        assert!(matches!(loaded, Err(LocalKeyError::Unusable)));
    }
}

#[test]
fn token_for_longer_than_a_day_is_not_issued() {
    let key = made();
    let now = Issuer::new().clock.now();
    let issue = |seconds| key.issue(&ann(), AUDIENCE, now, Duration::from_secs(seconds));
    assert!(issue(86_400).is_ok());
    assert!(matches!(issue(86_401), Err(IssueError::Lifetime)));
    assert!(matches!(issue(u64::MAX), Err(IssueError::Lifetime)));
}
