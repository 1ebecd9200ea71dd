//! What every handler works with.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use http::auth::Principal;
use http::problem::Problem;
use http::signature::Keyring;
use kernel::port::{Clock, DeadLetters, EventReader, KeyBindings};
use kernel::{CommandId, Facts, Permission, Tenant, Timestamp, Venues};
use moka::sync::Cache;
use pipeline::accept::Acceptor;
use pipeline::{Live, Query};
use resilience::Dependency;

use crate::access::{Gate, Passage};
use crate::admission::Admission;
use crate::endpoint::Endpoint;
use crate::extension::ViewExtension;
use crate::faults::Bodies;
use crate::limits::{Class, Limiter};
use crate::live::Answers;
use crate::signin::SignIn;
use crate::table::Table;

/// Commands whose acceptance this instance remembers, to tell pending from unknown.
const RECENT_MAX: u64 = 200_000;
const RECENT_FOR: Duration = Duration::from_secs(15 * 60);

/// Everything behind the routes.
pub struct Gateway {
    pub table: Table,
    /// Who may do what.
    pub gate: Gate,
    pub limiter: Limiter,
    /// How browsers sign in.
    pub sign_in: SignIn,
    pub acceptor: Acceptor,
    pub query: Query,
    pub reader: Arc<dyn EventReader>,
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Guards look-ups by command id.
    pub reader_guard: Arc<Dependency>,
    pub bindings: Arc<dyn KeyBindings>,
    pub bindings_guard: Arc<Dependency>,
    /// Seals cursors of lists.
    pub keys: Keyring,
    /// Of each context.
    pub partitions: u16,
    pub venues: Venues,
    pub clock: Arc<dyn Clock>,
    pub admissions: Vec<Arc<dyn Admission>>,
    pub extensions: Vec<Arc<dyn ViewExtension>>,
    pub endpoints: Vec<Arc<dyn Endpoint>>,
    pub live: Live,
    /// Of questions that live streams watch.
    pub answers: Arc<Answers>,
    pub recent: Recent,
    /// The OpenAPI document of the table, as it is committed.
    pub document: Bodies,
}

/// As handlers are given it: each worker counts its own users, and no core waits for another's count.
pub(crate) type Shared = Data<Arc<Gateway>>;

impl Gateway {
    /// Counts a request against the quotas of its caller, then asks whether they may.
    ///
    /// # Errors
    /// A quota is used up, or they may not.
    pub(crate) async fn enter(
        &self,
        principal: &Principal,
        class: Class,
        permission: Permission,
    ) -> Result<Passage, Problem> {
        self.limiter.admit(principal, class).await?;
        self.gate.pass(principal, permission)
    }

    /// The same for a question, which is about a thing of these facts.
    ///
    /// # Errors
    /// As [`Self::enter`], or they may not ask about such a thing.
    pub(crate) async fn enter_to_ask(
        &self,
        principal: &Principal,
        permission: Permission,
        facts: &Facts,
    ) -> Result<(), Problem> {
        self.limiter.admit(principal, Class::Read).await?;
        self.may_ask(principal, permission, facts)
    }

    /// # Errors
    /// The caller may not ask about a thing of these facts.
    pub(crate) fn may_ask(
        &self,
        principal: &Principal,
        permission: Permission,
        facts: &Facts,
    ) -> Result<(), Problem> {
        match self.gate.pass(principal, permission)? {
            Passage::Open => Ok(()),
            Passage::Narrow => self.gate.admit(principal, permission, facts),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Commands that this instance accepted in the last quarter of an hour.
pub struct Recent(Cache<CommandId, Tenant>);

impl Default for Recent {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(RECENT_MAX)
            .time_to_live(RECENT_FOR);
        Self(cache.build())
    }
}

impl Recent {
    pub(crate) fn note(&self, id: CommandId, sender: Tenant) {
        self.0.insert(id, sender);
    }

    pub(crate) fn sender(&self, id: CommandId) -> Option<Tenant> {
        self.0.get(&id)
    }
}
