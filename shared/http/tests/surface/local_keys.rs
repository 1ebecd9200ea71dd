//! The installation's own key: made once, kept private, shared by all who start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use http::auth::{IssueError, LocalKey, LocalKeyError, Principal, Role, TokenError, Verifier};
use kernel::port::Clock;
use kernel::{Actor, Tenant};

use crate::issuer::{AUDIENCE, Issuer};

fn ann() -> Principal {
    Principal {
        tenant: Tenant::new("demo").unwrap(),
        actor: Actor::new("ann").unwrap(),
        roles: [Role::new("trader").unwrap()].into(),
    }
}

#[test]
fn issued_token_is_taken_by_its_own_installation_only() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (
        LocalKey::open(ours.path()).unwrap(),
        LocalKey::open(theirs.path()).unwrap(),
    );
    let clock = Issuer::new().clock;
    let token = ours
        .issue(&ann(), AUDIENCE, clock.now(), Duration::from_secs(60))
        .unwrap();
    let verifier = |key: &LocalKey, audience| {
        Verifier::new(vec![key.trusted()], audience, Arc::new(clock.clone())).verify(&token)
    };
    assert_eq!(verifier(&ours, AUDIENCE), Ok(ann()));
    assert_eq!(verifier(&ours, "other"), Err(TokenError::Audience));
    assert_eq!(verifier(&theirs, AUDIENCE), Err(TokenError::UnknownKey));
}

#[test]
fn key_is_made_once_and_private() {
    let directory = tempfile::tempdir().unwrap();
    let made = format!("{:?}", LocalKey::open(directory.path()).unwrap());
    let loaded = format!("{:?}", LocalKey::open(directory.path()).unwrap());
    assert_eq!(made, loaded);
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "a draft was left: {files:?}");
    let file = files[0].as_ref().unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn starts_at_once_come_to_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| format!("{:?}", LocalKey::open(directory.path()).unwrap())))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn exposed_or_damaged_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    LocalKey::open(directory.path()).unwrap();
    let path = directory.path().join("token-key.der");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        LocalKey::open(directory.path()),
        Err(LocalKeyError::Exposed(_))
    ));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() / 2], b""] {
        fs::write(&path, damaged).unwrap();
        assert!(matches!(
            LocalKey::open(directory.path()),
            Err(LocalKeyError::Unusable(_))
        ));
    }
    let nowhere = directory.path().join("missing");
    assert!(matches!(
        LocalKey::open(&nowhere),
        Err(LocalKeyError::File(..))
    ));
}

#[test]
fn token_for_longer_than_a_day_is_not_issued() {
    let directory = tempfile::tempdir().unwrap();
    let key = LocalKey::open(directory.path()).unwrap();
    let now = Issuer::new().clock.now();
    let issue = |seconds| key.issue(&ann(), AUDIENCE, now, Duration::from_secs(seconds));
    assert!(issue(86_400).is_ok());
    assert!(matches!(issue(86_401), Err(IssueError::Lifetime)));
    assert!(matches!(issue(u64::MAX), Err(IssueError::Lifetime)));
}
