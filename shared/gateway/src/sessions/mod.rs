//! Sessions of browsers: kept where all gateways find them, and remembered here for the day they
//! cannot be looked up.

mod notices;
mod record;
pub(crate) mod routes;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::{FutureExt as _, LocalBoxFuture};
use http::auth::{Browsers, Principal, ProviderSession, Secret, SecretCookie, SignedIn};
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::{Clock, SessionKey, Sessions};
use kernel::{Subject, Timestamp};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use resilience::{Deadline, Dependency};

pub(crate) use notices::Coming;
use record::Record;

/// Sessions that a gateway remembers, some kilobytes each at most; others are looked up each time.
const REMEMBERED_MAX: u64 = 10_000;

/// How long a session counts without another look: one that ended on another gateway goes on here for
/// that time, and its use is reported that often.
const LOOK_PERIOD: Duration = Duration::from_secs(5);

/// How long a look may take.
const LOOK_WAIT: Duration = Duration::from_millis(250);

/// How long sessions may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a request.
    pub idle: Duration,
    /// With requests, too.
    pub absolute: Duration,
}

/// What [`BrowserSessions`] works with.
pub struct SessionPorts {
    /// Shared by all gateways, and its guard.
    pub sessions: Arc<dyn Sessions>,
    pub guard: Arc<Dependency>,
    pub clock: Arc<dyn Clock>,
}

/// The sessions of an installation, as one gateway sees them.
pub struct BrowserSessions {
    ports: SessionPorts,
    limits: SessionLimits,
    cookie: SecretCookie,
    remembered: Cache<SessionKey, Arc<Remembered>>,
}

/// A session that this gateway has seen; times are microseconds since the epoch.
struct Remembered {
    signed_in: SignedIn,
    /// For a request, which used it.
    looked_up: AtomicI64,
    /// For a stream, which did not.
    peeked_at: AtomicI64,
    used: AtomicI64,
}

impl BrowserSessions {
    /// `is_secure`: browsers come by https.
    #[must_use]
    pub fn new(ports: SessionPorts, limits: SessionLimits, is_secure: bool) -> Self {
        let remembered = Cache::builder().max_capacity(REMEMBERED_MAX);
        let remembered = remembered.eviction_policy(EvictionPolicy::lru());
        Self {
            ports,
            cookie: SecretCookie::of_session(is_secure),
            // Beyond the absolute limit nothing is worth its memory.
            remembered: remembered.time_to_live(limits.absolute).build(),
            limits,
        }
    }

    /// Signs a subject in, here or at a provider, and gives the id that its browser gets.
    ///
    /// # Errors
    /// The session cannot be kept, or there is no randomness.
    pub(crate) async fn open(
        &self,
        subject: Subject,
        at_provider: Option<ProviderSession>,
    ) -> Result<Secret, Problem> {
        let id = Secret::random().map_err(Problem::defect)?;
        let csrf_token = Secret::random().map_err(Problem::defect)?;
        let now = self.ports.clock.now();
        let until = after(now, self.limits.absolute);
        let subject = Subject {
            expires_s: Some(until.micros().div_euclid(1_000_000)),
            ..subject
        };
        let signed_in = SignedIn {
            principal: Principal::from(subject),
            key: id.key(),
            csrf_token: csrf_token.expose().into(),
            until,
            at_provider: at_provider.map(Arc::new),
            is_unconfirmed: false,
        };
        let record = serde_json::to_vec(&Record::new(&signed_in)).map_err(Problem::defect)?;
        let (sessions, idle) = (&self.ports.sessions, self.limits.idle);
        let open = || sessions.open(signed_in.key, &record, idle);
        let opened = self.ports.guard.call(Deadline::within(LOOK_WAIT), open);
        opened.await.map_err(away)?;
        self.remember(signed_in, now);
        Ok(id)
    }

    /// Ends a session, here at once and on other gateways with their next look.
    ///
    /// # Errors
    /// It cannot be ended at the moment.
    pub(crate) async fn end(&self, key: SessionKey) -> Result<(), Problem> {
        self.remembered.invalidate(&key);
        let end = || self.ports.sessions.end(key);
        let ended = self.ports.guard.call(Deadline::within(LOOK_WAIT), end);
        ended.await.map_err(away)
    }

    /// Whether the session goes on, wherever it is used and ended; that is no use of it. While nobody can
    /// say, it does as far as is known here.
    pub(crate) async fn goes_on(&self, key: SessionKey) -> bool {
        let now = self.ports.clock.now();
        let remembered = self.remembered.get(&key);
        if let Some(remembered) = &remembered
            && remembered.was_peeked_at(now)
        {
            return now < remembered.signed_in.until;
        }
        match (self.peek(key).await, remembered) {
            (Ok(Some(found)), remembered) => {
                let goes_on = self.is_still(key, &found, now).await;
                if let Some(remembered) = remembered.filter(|_| goes_on) {
                    remembered.peeked_at.store(now.micros(), Ordering::Relaxed);
                }
                goes_on
            }
            (Ok(None), _) => {
                self.remembered.invalidate(&key);
                false
            }
            (Err(_), Some(remembered)) => self.is_on(&remembered, now),
            (Err(_), None) => false,
        }
    }

    /// Whether a session that is kept is not over for another reason.
    async fn is_still(&self, key: SessionKey, found: &[u8], now: Timestamp) -> bool {
        let Ok(record) = serde_json::from_slice::<Record>(found) else {
            return false;
        };
        let signed_in = record.signed_in(key);
        let is_still = now < signed_in.until && !self.is_noticed(&signed_in).await;
        if !is_still {
            self.remembered.invalidate(&key);
        }
        is_still
    }

    async fn peek(&self, key: SessionKey) -> Result<Option<Vec<u8>>, Problem> {
        let peek = || self.ports.sessions.peek(key);
        let found = self.ports.guard.call(Deadline::within(LOOK_WAIT), peek);
        found.await.map_err(away)
    }

    /// The session of that key, which is used by that.
    async fn look(&self, key: SessionKey) -> Result<Option<SignedIn>, Problem> {
        let now = self.ports.clock.now();
        let remembered = self.remembered.get(&key);
        if let Some(remembered) = &remembered
            && remembered.is_fresh(now)
            && self.is_on(remembered, now)
        {
            return Ok(Some(remembered.used(now, false)));
        }
        let find = || self.ports.sessions.find(key, self.limits.idle);
        let found = self
            .ports
            .guard
            .call(Deadline::within(LOOK_WAIT), find)
            .await;
        match (found, remembered) {
            (Ok(Some(found)), remembered) => self.found(key, &found, remembered, now).await,
            (Ok(None), _) => {
                self.remembered.invalidate(&key);
                Ok(None)
            }
            (Err(_), Some(remembered)) if self.is_on(&remembered, now) => {
                Ok(Some(remembered.used(now, true)))
            }
            (Err(error), _) => Err(away(error)),
        }
    }

    /// What was looked up; the principal that is remembered knows what the policies said of it.
    async fn found(
        &self,
        key: SessionKey,
        found: &[u8],
        remembered: Option<Arc<Remembered>>,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Problem> {
        // Another version of the program may have written it in another form: then they sign in again.
        let Ok(record) = serde_json::from_slice::<Record>(found) else {
            return Ok(None);
        };
        let signed_in = record.signed_in(key);
        if self.is_noticed(&signed_in).await {
            self.end(key).await?;
            return Ok(None);
        }
        if let Some(remembered) = remembered.filter(|known| now < known.signed_in.until) {
            let micros = now.micros();
            remembered.looked_up.store(micros, Ordering::Relaxed);
            return Ok(Some(remembered.used(now, false)));
        }
        if now >= signed_in.until {
            return Ok(None);
        }
        self.remember(signed_in.clone(), now);
        Ok(Some(signed_in))
    }

    fn remember(&self, signed_in: SignedIn, now: Timestamp) {
        let remembered = Remembered {
            looked_up: AtomicI64::new(now.micros()),
            peeked_at: AtomicI64::new(now.micros()),
            used: AtomicI64::new(now.micros()),
            signed_in,
        };
        let key = remembered.signed_in.key;
        self.remembered.insert(key, Arc::new(remembered));
    }

    /// Whether it goes on, as far as this gateway knows.
    fn is_on(&self, remembered: &Remembered, now: Timestamp) -> bool {
        let used = Timestamp::from_micros(remembered.used.load(Ordering::Relaxed));
        now < remembered.signed_in.until && now < after(used, self.limits.idle)
    }
}

impl Remembered {
    fn is_fresh(&self, now: Timestamp) -> bool {
        is_recent(&self.looked_up, now)
    }

    fn was_peeked_at(&self, now: Timestamp) -> bool {
        is_recent(&self.peeked_at, now)
    }

    fn used(&self, now: Timestamp, is_unconfirmed: bool) -> SignedIn {
        self.used.fetch_max(now.micros(), Ordering::Relaxed);
        SignedIn {
            is_unconfirmed,
            ..self.signed_in.clone()
        }
    }
}

impl Browsers for BrowserSessions {
    fn cookie(&self) -> SecretCookie {
        self.cookie
    }

    fn find(
        self: Arc<Self>,
        id: Secret,
    ) -> LocalBoxFuture<'static, Result<Option<SignedIn>, Problem>> {
        async move { self.look(id.key()).await }.boxed_local()
    }
}

fn is_recent(micros: &AtomicI64, now: Timestamp) -> bool {
    let at = Timestamp::from_micros(micros.load(Ordering::Relaxed));
    now < after(at, LOOK_PERIOD)
}

fn after(time: Timestamp, by: Duration) -> Timestamp {
    time.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

fn away(cause: impl std::error::Error + Send + Sync + 'static) -> Problem {
    let detail = "sessions cannot be looked up at the moment";
    Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).because(cause)
}
