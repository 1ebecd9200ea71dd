//! Keys as they were last fetched, for all who verify by them.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::auth::{Found, KeySource, Signing, TrustedKey, find};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::{REFRESH, TRUSTED_UNSEEN, TRY_AGAIN, TRY_FIRST};

/// Least time between two fetches that tokens with unknown keys lead to: their bearers choose how many
/// of those come.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Longest time a request waits for a fetch.
const WAIT: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Shared {
    state: watch::Sender<State>,
    wanted: Notify,
}

#[derive(Default)]
struct State {
    keys: Arc<[TrustedKey]>,
    /// When the provider last gave them.
    seen_at: Option<Instant>,
    /// When a token with an unknown key last led to a fetch.
    asked_at: Option<Instant>,
    /// Fetches that ended.
    ended: u64,
    under_way: bool,
    failed: bool,
}

/// How fetched keys differ from those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) added: bool,
    pub(super) removed: bool,
}

impl Change {
    pub(super) fn any(self) -> bool {
        self.added || self.removed
    }
}

impl Shared {
    /// A fetch begins.
    pub(super) fn begin(&self) {
        self.state.send_modify(|state| state.under_way = true);
    }

    /// The provider gave these keys.
    pub(super) fn take(&self, keys: Vec<TrustedKey>, now: Instant) -> Change {
        let mut change = None;
        self.state.send_modify(|state| {
            change = Some(Change {
                added: keys.iter().any(|key| !state.keys.contains(key)),
                removed: state.keys.iter().any(|key| !keys.contains(key)),
            });
            state.keys = keys.into();
            state.seen_at = Some(now);
            state.end(false);
        });
        change.unwrap_or(Change {
            added: false,
            removed: false,
        })
    }

    /// The provider gave none. Whether those it gave before are no longer trusted from now on.
    pub(super) fn miss(&self, now: Instant) -> bool {
        let mut expired = false;
        self.state.send_modify(|state| {
            expired = !state.keys.is_empty() && !state.trusts(now);
            if expired {
                state.keys = Arc::default();
            }
            state.end(true);
        });
        expired
    }

    /// Until the next fetch that nobody asks for.
    pub(super) fn wait(&self) -> Duration {
        let state = self.state.borrow();
        match (state.failed, state.seen_at) {
            (false, _) => REFRESH,
            (true, Some(_)) => TRY_AGAIN,
            (true, None) => TRY_FIRST,
        }
    }

    /// Until a token names an unknown key.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The fetch to wait for, as the number of those that will have ended by then.
    fn ask(&self, now: Instant) -> Option<u64> {
        let (mut awaited, mut new) = (None, false);
        self.state.send_if_modified(|state| {
            new = !state.under_way && state.may_ask(now);
            if new {
                // As of now: who comes next waits for the same fetch.
                (state.under_way, state.asked_at) = (true, Some(now));
            }
            awaited = state.under_way.then_some(state.ended + 1);
            false
        });
        if new {
            self.wanted.notify_one();
        }
        awaited
    }
}

impl State {
    fn end(&mut self, failed: bool) {
        self.ended += 1;
        self.under_way = false;
        self.failed = failed;
    }

    fn trusts(&self, now: Instant) -> bool {
        self.seen_at
            .is_some_and(|seen_at| now.duration_since(seen_at) < TRUSTED_UNSEEN)
    }

    fn may_ask(&self, now: Instant) -> bool {
        self.asked_at
            .is_none_or(|asked_at| now.duration_since(asked_at) >= ASK_AGAIN)
    }
}

/// The keys that a [`Provider`](super::Provider) fetches.
pub(crate) struct ProvidedKeys(Arc<Shared>);

impl ProvidedKeys {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl KeySource for ProvidedKeys {
    fn find(&self, kid: &str, signing: Signing) -> Found {
        let state = self.0.state.borrow();
        if state.trusts(Instant::now()) {
            find(&state.keys, kid, signing)
        } else {
            Found::Unknown
        }
    }

    fn renewal(&self) -> Option<BoxFuture<'static, ()>> {
        let mut seen = self.0.state.subscribe();
        let awaited = self.0.ask(Instant::now())?;
        let renewed = async move {
            let ended = seen.wait_for(|state| state.ended >= awaited);
            // Whether it was in time is seen from the state.
            drop(timeout(WAIT, ended).await);
        };
        Some(renewed.boxed())
    }

    fn is_away(&self) -> bool {
        let state = self.0.state.borrow();
        state.failed || state.under_way || state.seen_at.is_none()
    }
}
