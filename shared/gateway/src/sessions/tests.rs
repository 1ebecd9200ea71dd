use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::auth::{LogoutToken, ProviderSession};
use kernel::port::{Clock, SessionKey, Sessions};
use kernel::{Fault, Subject, Timestamp};
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, Name, RetryBudget, RetryConfig,
    Seams, TokioClock,
};

use super::{BrowserSessions, Coming, LOOK_PERIOD, SessionLimits, SessionPorts};

const IDLE: Duration = Duration::from_secs(30 * 60);
const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Time and a store that only the test moves.
#[derive(Default)]
struct World {
    millis: AtomicI64,
    is_away: AtomicBool,
    looks: AtomicUsize,
    kept: Mutex<HashMap<SessionKey, (Vec<u8>, Timestamp)>>,
    claimed: Mutex<HashSet<SessionKey>>,
}

impl World {
    fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn asked(&self) -> Result<(), Fault> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Fault::bare("redis", "answer"));
        }
        Ok(())
    }

    fn until(&self, idle: Duration) -> Timestamp {
        super::after(self.now(), idle)
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_796_000_000_000 + self.millis.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Sessions for World {
    async fn open(&self, key: SessionKey, session: &[u8], idle: Duration) -> Result<(), Fault> {
        self.asked()?;
        let kept = (session.to_vec(), self.until(idle));
        self.kept.lock().unwrap().insert(key, kept);
        Ok(())
    }

    async fn find(&self, key: SessionKey, idle: Duration) -> Result<Option<Vec<u8>>, Fault> {
        self.asked()?;
        let mut kept = self.kept.lock().unwrap();
        kept.retain(|_, (_, until)| self.now() < *until);
        Ok(kept.get_mut(&key).map(|(session, until)| {
            *until = self.until(idle);
            session.clone()
        }))
    }

    async fn peek(&self, key: SessionKey) -> Result<Option<Vec<u8>>, Fault> {
        self.asked()?;
        let kept = self.kept.lock().unwrap();
        let found = kept.get(&key).filter(|(_, until)| self.now() < *until);
        Ok(found.map(|(session, _)| session.clone()))
    }

    async fn claim(&self, key: SessionKey, _: Duration) -> Result<bool, Fault> {
        self.asked()?;
        Ok(self.claimed.lock().unwrap().insert(key))
    }

    async fn end(&self, key: SessionKey) -> Result<(), Fault> {
        self.asked()?;
        self.kept.lock().unwrap().remove(&key);
        Ok(())
    }
}

fn gateway(world: &Arc<World>) -> BrowserSessions {
    let ports = SessionPorts {
        sessions: Arc::clone(world) as _,
        guard: guard(),
        clock: Arc::clone(world) as _,
    };
    let limits = SessionLimits {
        idle: IDLE,
        absolute: ABSOLUTE,
    };
    BrowserSessions::new(ports, limits, false)
}

fn guard() -> Arc<Dependency> {
    let name = Name {
        dependency: "redis",
        class: "sessions",
    };
    let config = DependencyConfig {
        breaker: BreakerConfig::for_p99(Duration::from_secs(1)),
        bulkhead: BulkheadConfig {
            in_flight_max: 4,
            waiting_max: 4,
            wait_max: Duration::from_secs(5),
        },
        timeout: Duration::from_secs(5),
        retry: RetryConfig {
            retries_max: 1,
            wait_first: Duration::from_millis(1),
            wait_longest: Duration::from_millis(2),
        },
    };
    let seams = Seams {
        clock: Arc::new(TokioClock::start()),
        seed: 1,
        budget: Arc::new(RetryBudget::default()),
    };
    Arc::new(Dependency::new(name, config, seams).unwrap())
}

async fn signed_in(gateway: &BrowserSessions) -> SessionKey {
    let (tenant, actor) = ("demo".parse().unwrap(), "ann".parse().unwrap());
    let ann = Subject::person(tenant, actor, Vec::new());
    gateway.open(ann, None).await.unwrap().key()
}

async fn is_on(gateway: &BrowserSessions, key: SessionKey) -> bool {
    gateway.look(key).await.unwrap().is_some()
}

#[tokio::test]
async fn session_is_over_when_it_was_not_used_for_the_idle_time() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let key = signed_in(&gateway).await;
    for _ in 0..4 {
        world.pass(IDLE - MINUTE);
        assert!(is_on(&gateway, key).await);
    }
    world.pass(IDLE);
    assert!(!is_on(&gateway, key).await);
}

#[tokio::test]
async fn look_from_a_stream_does_not_keep_a_session() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let key = signed_in(&gateway).await;
    world.pass(IDLE - MINUTE);
    assert!(gateway.goes_on(key).await);
    world.pass(MINUTE);
    assert!(!gateway.goes_on(key).await && !is_on(&gateway, key).await);
    let key = signed_in(&gateway).await;
    gateway.end(key).await.unwrap();
    assert!(!gateway.goes_on(key).await);
}

#[tokio::test]
async fn session_is_over_at_its_absolute_end_although_it_is_used() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in(&gateway).await;
    for _ in 0..ABSOLUTE.as_secs() / MINUTE.as_secs() - 1 {
        world.pass(MINUTE);
        assert!(is_on(&gateway, key).await);
    }
    world.pass(MINUTE);
    assert!(!is_on(&gateway, key).await);
    assert!(!is_on(&other, key).await);
}

#[tokio::test]
async fn session_is_known_to_every_gateway_and_its_use_at_one_keeps_it_at_all() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in(&gateway).await;
    for _ in 0..4 {
        world.pass(IDLE - MINUTE);
        assert!(is_on(&other, key).await);
    }
    let (here, there) = (
        gateway.look(key).await.unwrap(),
        other.look(key).await.unwrap(),
    );
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!(here.csrf_token, there.csrf_token);
    assert_eq!(*here.principal, *there.principal);
}

#[tokio::test]
async fn session_that_ended_elsewhere_is_over_with_the_next_look() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in(&gateway).await;
    assert!(is_on(&other, key).await);
    gateway.end(key).await.unwrap();
    assert!(!is_on(&gateway, key).await);
    world.pass(LOOK_PERIOD);
    assert!(!is_on(&other, key).await);
}

#[tokio::test]
async fn session_is_looked_up_once_in_a_while_and_not_with_every_request() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let key = signed_in(&gateway).await;
    let before = world.looks.load(Ordering::Relaxed);
    for _ in 0..100 {
        assert!(is_on(&gateway, key).await);
    }
    assert_eq!(world.looks.load(Ordering::Relaxed), before);
    world.pass(LOOK_PERIOD);
    assert!(is_on(&gateway, key).await);
    assert_eq!(world.looks.load(Ordering::Relaxed), before + 1);
}

#[tokio::test]
async fn known_session_goes_on_unconfirmed_while_the_store_is_away() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in(&gateway).await;
    world.is_away.store(true, Ordering::Relaxed);
    world.pass(MINUTE);
    let known = gateway.look(key).await.unwrap().unwrap();
    assert!(known.is_unconfirmed);
    assert!(other.look(key).await.is_err(), "nobody knows it there");
    // It was used a moment ago.
    world.pass(IDLE - MINUTE);
    assert!(gateway.look(key).await.is_ok());
    world.pass(IDLE);
    assert!(gateway.look(key).await.is_err());
    assert!(gateway.end(key).await.is_err());
}

#[tokio::test]
async fn sessions_have_ids_and_tokens_of_their_own() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let (one, other) = (signed_in(&gateway).await, signed_in(&gateway).await);
    assert_ne!(one, other);
    let token = async |key| gateway.look(key).await.unwrap().unwrap().csrf_token;
    assert_ne!(token(one).await, token(other).await);
    // What is kept does not hold the id.
    let kept = world.kept.lock().unwrap();
    assert!(kept.contains_key(&one));
}

const ISSUER: &str = "https://id.example";
const SIGNED_IN_S: i64 = 1_796_000_000;

/// Signs ann in at the provider, in that session of hers there.
async fn signed_in_at(gateway: &BrowserSessions, session: &str) -> SessionKey {
    let (tenant, actor) = ("demo".parse().unwrap(), "ann".parse().unwrap());
    let ann = Subject::person(tenant, actor, Vec::new());
    let at_provider = ProviderSession {
        provider: "desk".to_owned(),
        issuer: ISSUER.to_owned(),
        subject: "ann".to_owned(),
        session: Some(session.to_owned()),
        issued_s: SIGNED_IN_S,
        id_token: None,
    };
    let opened = gateway.open(ann, Some(at_provider)).await;
    opened.unwrap().key()
}

fn notice(id: &str, subject: Option<&str>, session: Option<&str>) -> LogoutToken {
    LogoutToken {
        id: id.to_owned(),
        subject: subject.map(str::to_owned),
        session: session.map(str::to_owned),
        issued_s: SIGNED_IN_S + 10,
        until_s: SIGNED_IN_S + 130,
    }
}

#[tokio::test]
async fn notice_ends_a_session_here_at_once_and_elsewhere_with_the_next_look() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in_at(&gateway, "s1").await;
    let spared = signed_in_at(&gateway, "s2").await;
    assert!(is_on(&other, key).await && is_on(&other, spared).await);
    let token = notice("1", Some("ann"), Some("s1"));
    assert_eq!(gateway.notice(ISSUER, &token).await.unwrap(), Coming::First);
    assert!(!is_on(&gateway, key).await);
    world.pass(LOOK_PERIOD);
    assert!(!other.goes_on(key).await);
    assert!(!is_on(&other, key).await);
    assert!(is_on(&gateway, spared).await && is_on(&other, spared).await);
    // It is gone, not only not counted.
    assert!(!world.kept.lock().unwrap().contains_key(&key));
}

#[tokio::test]
async fn notice_about_a_person_ends_all_their_sessions_and_no_later_one() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let (one, two) = (
        signed_in_at(&gateway, "s1").await,
        signed_in_at(&gateway, "s2").await,
    );
    let local = signed_in(&gateway).await;
    gateway
        .notice(ISSUER, &notice("1", Some("ann"), None))
        .await
        .unwrap();
    // A sign-in that was under way is as old as they are.
    let late = signed_in_at(&gateway, "s3").await;
    world.pass(LOOK_PERIOD);
    for key in [one, two, late] {
        assert!(!is_on(&gateway, key).await);
    }
    assert!(is_on(&gateway, local).await);
    // An older notice that comes late is no newer for that.
    let older = LogoutToken {
        issued_s: SIGNED_IN_S - 10,
        ..notice("2", Some("ann"), None)
    };
    gateway.notice(ISSUER, &older).await.unwrap();
    let again = signed_in_at(&gateway, "s4").await;
    world.pass(LOOK_PERIOD);
    assert!(!is_on(&gateway, again).await);
}

#[tokio::test]
async fn notice_of_another_issuer_and_one_before_the_sign_in_end_nothing() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let key = signed_in_at(&gateway, "s1").await;
    let other = "https://other.example";
    gateway
        .notice(other, &notice("1", Some("ann"), None))
        .await
        .unwrap();
    let before = LogoutToken {
        issued_s: SIGNED_IN_S - 1,
        ..notice("2", Some("ann"), None)
    };
    gateway.notice(ISSUER, &before).await.unwrap();
    world.pass(LOOK_PERIOD);
    assert!(is_on(&gateway, key).await && gateway.goes_on(key).await);
}

#[tokio::test]
async fn notice_that_comes_again_is_known() {
    let world = Arc::new(World::default());
    let gateway = gateway(&world);
    let token = notice("1", None, Some("s1"));
    assert_eq!(gateway.notice(ISSUER, &token).await.unwrap(), Coming::First);
    assert_eq!(gateway.notice(ISSUER, &token).await.unwrap(), Coming::Again);
    // Each issuer names its own.
    let other = gateway.notice("https://other.example", &token).await;
    assert_eq!(other.unwrap(), Coming::First);
    // One that could not be kept may come again.
    world.is_away.store(true, Ordering::Relaxed);
    let next = notice("2", None, Some("s1"));
    assert!(gateway.notice(ISSUER, &next).await.is_err());
    world.is_away.store(false, Ordering::Relaxed);
    world.pass(MINUTE);
    assert_eq!(gateway.notice(ISSUER, &next).await.unwrap(), Coming::First);
}

#[tokio::test]
async fn stream_ends_with_a_session_that_was_ended_elsewhere() {
    let world = Arc::new(World::default());
    let (gateway, other) = (gateway(&world), gateway(&world));
    let key = signed_in(&gateway).await;
    assert!(is_on(&other, key).await && other.goes_on(key).await);
    gateway.end(key).await.unwrap();
    world.pass(LOOK_PERIOD);
    assert!(!other.goes_on(key).await);
}
